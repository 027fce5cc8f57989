//! TC3-HMAC-SHA256 request signing and verification for Tencent Cloud APIs.
