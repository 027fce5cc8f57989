//! The one edge that dials: an HTTPS client with deadlines, pooling, proxies and explicit trust.
