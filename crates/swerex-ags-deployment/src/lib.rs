//! The lifecycle of an AGS sandbox that runs a SWE-ReX server.
