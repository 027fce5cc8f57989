//! A native SWE-ReX server.
