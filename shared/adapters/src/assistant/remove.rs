//! Removes files of a conversation: the way back of placing them.

use std::path::Path;

use convosync_core::{ConversationId, FilePath};
use convosync_engine::ports::AssistantError;

use super::layout::Family;
use super::listing::slug_of;
use super::place::{accepts, family};
use super::{failed, if_there};
use crate::disk;
use crate::durable::sync_folder;

/// Removes files; see the port. A folder that is empty then goes too.
pub(crate) fn remove(
    config: &Path,
    id: &ConversationId,
    directory: &Path,
    files: &[FilePath],
) -> Result<(), AssistantError> {
    accepts(id, files)?;
    let slug = slug_of(directory);
    let mut files: Vec<(Family, &FilePath)> = files
        .iter()
        .map(|path| Ok((family(path)?, path)))
        .collect::<Result<_, AssistantError>>()?;
    // Who sees a transcript sees all that it speaks of.
    files.sort_by_key(|(family, _)| *family != Family::Transcript);
    for (family, path) in files {
        remove_one(&family.root(config), &family.steps(path.as_str(), &slug, id))?;
    }
    Ok(())
}

fn remove_one(root: &Path, steps: &[String]) -> Result<(), AssistantError> {
    let path = steps.iter().fold(root.to_owned(), |path, step| path.join(step));
    let unremoved = |error: std::io::Error| failed("remove", &path, &error);
    let folder = path.parent().unwrap_or(root);
    let Some(real) = if_there(folder.canonicalize()).map_err(unremoved)? else { return Ok(()) };
    let inside = if_there(root.canonicalize()).map_err(unremoved)?;
    // A link in our way leads to files that are not the assistant's.
    if !inside.is_some_and(|root| real.starts_with(root)) {
        return Ok(());
    }
    if if_there(disk::remove_file(&path)).map_err(unremoved)?.is_some() {
        sync_folder(folder).map_err(unremoved)?;
    }
    for folder in path.ancestors().skip(1).take(steps.len() - 1) {
        if disk::remove_dir(folder).is_err() {
            break; // something else is in it
        }
    }
    Ok(())
}
