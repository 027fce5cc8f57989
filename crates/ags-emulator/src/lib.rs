//! A local AGS: control plane, data-plane gateway and running instances.
