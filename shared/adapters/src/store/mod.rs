//! Where sealed objects are kept: one module for each kind of store.

mod beneath;
mod folder;
mod git;
mod object;
mod opener;
mod place;
mod url;

pub use folder::FolderStore;
pub use git::GitStores;
pub use object::ObjectStores;
pub use opener::StoreOpener;
