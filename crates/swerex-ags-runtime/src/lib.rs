//! SWE-ReX over HTTP, with or without an AGS gateway in front.
