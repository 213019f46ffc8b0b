//! The parts of a pattern.

use glob::{MatchOptions, Pattern, PatternError};

use super::{case, names};

/// A part of a pattern between separators.
pub(super) enum Component {
    /// A name without wildcards.
    Name(Vec<u8>),
    Wild(Wild),
    /// `**`: any number of folders.
    Folders,
}

/// A name with wildcards.
pub(super) struct Wild {
    written: Vec<u8>,
    pattern: Pattern,
}

impl Wild {
    /// Whether it matches a name. What is called just like the pattern is meant as well.
    pub(super) fn matches(&self, name: &[u8], case_sensitive: bool) -> bool {
        let options = MatchOptions {
            case_sensitive,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        self.written == name || self.pattern.matches_with(&characters(name), options)
    }
}

/// The components of a pattern behind its fixed part.
pub(super) fn parse(pattern: &[u8]) -> Result<Vec<Component>, PatternError> {
    let mut components = Vec::new();
    for name in pattern.split(|&byte| names::is_separator(byte)) {
        components.push(match name {
            b"" => continue,
            // One after another they are no more than one.
            b"**" if matches!(components.last(), Some(Component::Folders)) => continue,
            b"**" => Component::Folders,
            _ if names::first_wildcard(name).is_none() => Component::Name(name.to_vec()),
            _ => {
                let mut pattern = characters(name);
                // In a name, it means no more than `*`.
                while pattern.contains("**") {
                    pattern = pattern.replace("**", "*");
                }
                Component::Wild(Wild {
                    written: name.to_vec(),
                    pattern: Pattern::new(&pattern)?,
                })
            }
        });
    }
    Ok(components)
}

/// A name as characters to match, without its case on Windows. Bytes that are not UTF-8 become
/// private ones, so that wildcards match them and nothing else does.
fn characters(name: &[u8]) -> String {
    let folded = cfg!(windows).then(|| case::folded(name));
    let name = folded.as_deref().unwrap_or(name);
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        out.push_str(chunk.valid());
        let private = |&byte: &u8| char::from_u32(0x0010_ff00 + u32::from(byte));
        out.extend(chunk.invalid().iter().filter_map(private));
    }
    out
}
