//! Where sealed objects are kept: one module for each kind of store.

mod beneath;
mod folder;
mod opener;
mod place;
mod url;

pub use folder::FolderStore;
pub use opener::StoreOpener;
