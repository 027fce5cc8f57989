//! The wire types of SWE-ReX 1.4.0.
