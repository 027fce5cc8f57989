//! What happens to an upload once it has arrived.

use std::path::Path;

use super::Upload;
use crate::{
    exception::PyException,
    files::{Place, make_parents, os_error},
    unzip,
};

/// Puts the file in its place, or unpacks it there.
pub(crate) fn put(upload: Upload, cwd: &Path) -> Result<(), PyException> {
    let target = Place::new(&upload.target, cwd)?;
    make_parents(&target)?;
    if upload.unzip {
        return unzip::unpack(upload.file, &target);
    }
    upload
        .file
        .rename(target.real())
        .map_err(|error| os_error(&error, target.shown()))
}
