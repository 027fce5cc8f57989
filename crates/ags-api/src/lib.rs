//! Typed client for the Tencent Cloud Agent Sandbox (AGS) control plane, API 2025-09-20.
