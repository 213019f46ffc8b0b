//! Where the turned picture goes.

use std::path::Path;
use std::time::SystemTime;

use crate::bmp::header::Header;
use crate::error::Result;
use crate::os::{Output, Publishing};
use crate::strip::Turn;

/// Where the output goes; `None` where only the mean is wanted.
pub(super) type Target<'a> = Option<(&'a Path, &'a Publishing)>;

pub(super) fn output_size(header: &Header, prefix_bytes: usize, turn: &Turn) -> u64 {
    prefix_bytes as u64 + turn.out_stride as u64 * turn.width as u64 + header.profile_bytes()
}

/// Makes the output, unless it is `begun`, has it filled, and puts it in place.
pub(super) fn publish(
    target: Target<'_>,
    begun: Option<Output>,
    size: u64,
    fill: impl FnOnce(Option<&Output>) -> Result<u64>,
) -> Result<u64> {
    let Some((path, publishing)) = target else {
        return fill(None);
    };
    let output = match begun {
        Some(output) => output,
        None => Output::create(path, size, publishing)?,
    };
    let sum = fill(Some(&output))?;
    output.publish(publishing)?;
    Ok(sum)
}

/// Whether `path` is a regular file that is not older than `moment`.
pub(super) fn is_file_since(path: &Path, moment: SystemTime) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| {
        metadata.is_file() && metadata.modified().is_ok_and(|modified| modified >= moment)
    })
}
