//! One file: opened, rotated, put in place.

use std::path::Path;

use super::open_picture::OpenPicture;
use super::{FileOptions, IfExists, RotatedFile};
use crate::bmp::decode::Decoding;
use crate::bmp::samples::mean;
use crate::error::{Error, Result};
use crate::io::{Output, OutputOptions, is_older_than_input, mode, sync};

/// Rotates the bitmap in the file `input` 90° clockwise into the file `output`.
///
/// The output appears whole or not at all: it is written aside and put in place in one step, and
/// a symbolic link of its name is replaced, not followed. Pictures of 4 MiB and more are rotated
/// by all threads of the current rayon pool that have nothing else to do.
///
/// # Errors
///
/// [`Error::NotAFile`] and [`Error::Io`] if the files cannot be used, [`Error::OutputExists`] and
/// [`Error::Interrupted`] as the options say, [`Error::Changed`] if the input changes meanwhile,
/// [`Error::Format`], [`Error::Unsupported`] and [`Error::Memory`] as for
/// [`rotate`](crate::rotate()).
///
/// # Examples
///
/// ```
/// use rot90::{FileOptions, rotate_file};
///
/// let folder = tempfile::tempdir()?;
/// let output = folder.path().join("cell_rot90.bmp");
/// let rotated = rotate_file("fixtures/samples/cell.bmp", &output, &FileOptions::default())?;
/// assert_eq!((rotated.width, rotated.height), (660, 550));
/// assert!(output.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rotate_file(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    options: &FileOptions<'_>,
) -> Result<RotatedFile> {
    let (input, path) = (input.as_ref(), output.as_ref());
    let picture = OpenPicture::open(input, options)?;
    let output = if is_kept(path, input, &picture, options.if_exists)? {
        if options.durable {
            sync(path)?;
        }
        None
    } else {
        let options = OutputOptions {
            replace: options.if_exists != IfExists::Refuse,
            durable: options.durable,
            make_directories: options.make_directories,
        };
        let (size, mode) = (picture.layout.out_size(), mode(picture.input.metadata()));
        Some(Output::create(path, size, mode, options)?)
    };
    let sum = picture.rotate(output.as_ref())?;
    picture.input.check_unchanged()?;
    let written = output.is_some();
    if let Some(output) = output {
        output.publish(Some(picture.input.metadata()).filter(|_| options.preserve))?;
    }
    let header = &picture.header;
    let mut left_out = header.left_out(picture.input.size());
    left_out.extend(picture.decoding.as_ref().and_then(Decoding::left_out));
    Ok(RotatedFile {
        width: header.height,
        height: header.width,
        mean: mean(sum, header.width, header.height),
        bytes: picture.input.size(),
        written,
        was_cold: picture.was_cold,
        left_out,
    })
}

/// Whether [`IfExists::KeepUpToDate`] would leave the file `output` alone.
///
/// # Errors
///
/// Those of [`rotate_file`] that the headers are enough to find.
pub fn is_up_to_date(input: &Path, output: &Path) -> Result<bool> {
    let options = FileOptions::default();
    let picture = OpenPicture::open(input, &options)?;
    is_kept(output, input, &picture, IfExists::KeepUpToDate)
}

/// Whether what is at `path` stays.
///
/// # Errors
///
/// [`Error::OutputExists`] where nothing may be there.
fn is_kept(
    path: &Path,
    input: &Path,
    picture: &OpenPicture<'_>,
    if_exists: IfExists,
) -> Result<bool> {
    if if_exists == IfExists::Replace {
        return Ok(false);
    }
    match path.symlink_metadata() {
        Err(_) => Ok(false),
        Ok(_) if if_exists == IfExists::Refuse => Err(Error::OutputExists),
        Ok(found) => Ok(found.is_file()
            && found.len() == picture.layout.out_size()
            && !is_older_than_input(&found, picture.input.metadata(), input)),
    }
}
