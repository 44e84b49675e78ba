//! The sections of an INI file that concern us.

use crate::config::ConfigError;
use crate::config::source::Source;

/// A section with the settings in it.
pub(super) struct Section<'t> {
    pub(super) name: &'t str,
    pub(super) line: usize,
    pub(super) settings: Vec<Setting<'t>>,
}

/// A key with its value.
pub(super) struct Setting<'t> {
    pub(super) line: usize,
    pub(super) key: &'t str,
    pub(super) value: &'t str,
}

/// The sections whose names begin with `prefix`. Lines that begin with `#` or `;` are comments, and so is what
/// follows a space and `#`. What stands in other sections is not looked at.
///
/// # Errors
/// What the agents' own readers, Boost's `property_tree` in older ones and `program_options` in newer ones,
/// do not read alike: a line that is no setting, a section or a key that stands twice, a `#` within a value.
pub(super) fn sections<'t>(source: &'t Source, prefix: &str) -> Result<Vec<Section<'t>>, ConfigError> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let mut found: Vec<Section<'t>> = Vec::new();
    let mut is_ours = false;
    for (line, content) in (1..).zip(text.lines().map(str::trim)) {
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = content.strip_prefix('[') {
            let Some((name, _)) = header.split_once(']') else {
                return Err(invalid(source, line, None, "the section's name is not closed by ]"));
            };
            let name = name.trim();
            is_ours = name.starts_with(prefix);
            if is_ours {
                if let Some(first) = found.iter().find(|section| section.name == name) {
                    let reason = format!("the section stands in line {} already", first.line);
                    return Err(invalid(source, line, Some(name), &reason));
                }
                found.push(Section { name, line, settings: Vec::new() });
            }
        } else if let Some(section) = found.last_mut().filter(|_| is_ours) {
            let setting = setting(source, section, line, content)?;
            section.settings.push(setting);
        }
    }
    Ok(found)
}

fn setting<'t>(
    source: &Source,
    section: &Section<'_>,
    line: usize,
    content: &'t str,
) -> Result<Setting<'t>, ConfigError> {
    let Some((key, value)) = content.split_once('=') else {
        return Err(invalid(source, line, Some(section.name), "the line is no KEY=VALUE"));
    };
    let (key, mut value) = (key.trim(), value.trim());
    let name = || format!("{}.{key}", section.name);
    if let Some((before, _)) = value.split_once('#') {
        if !before.is_empty() && !before.ends_with(char::is_whitespace) {
            let reason = "newer agents take # for the start of a comment, older ones do not: set a space before it";
            return Err(invalid(source, line, Some(&name()), reason));
        }
        value = before.trim_end();
    }
    if let Some(first) = section.settings.iter().find(|setting| setting.key == key) {
        return Err(invalid(source, line, Some(&name()), &format!("the key stands in line {} already", first.line)));
    }
    Ok(Setting { line, key, value })
}

/// An error about a line.
pub(super) fn invalid(source: &Source, line: usize, key: Option<&str>, reason: &str) -> ConfigError {
    let key = key.map(|key| key.escape_debug().to_string());
    let reason = key.as_ref().map_or_else(|| reason.to_owned(), |key| format!("{key}: {reason}"));
    ConfigError::Invalid { path: source.path.clone(), line, key, reason }
}
