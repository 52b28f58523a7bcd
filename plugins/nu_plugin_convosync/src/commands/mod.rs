//! The commands, one a file or a few that are alike.

mod config;
mod config_get;
mod config_set;
mod convosync;
mod delete;
mod device_approve;
mod device_join;
mod device_list;
mod device_rename;
mod device_revoke;
mod doctor;
mod explain;
mod export;
mod gc;
mod import;
mod init;
mod keeping;
mod key_export;
mod key_protect;
mod key_rotate;
mod list;
mod log;
mod note;
mod resume;
mod save;
mod show;
mod status;
mod store;
mod store_consent;
mod store_move;
mod sync;
mod undo;

use nu_plugin::PluginCommand;
use nu_protocol::{Category, Signature, SyntaxShape, Type};

use crate::ConvoSyncPlugin;

/// Every command.
pub(crate) fn all() -> Vec<Box<dyn PluginCommand<Plugin = ConvoSyncPlugin>>> {
    vec![
        Box::new(convosync::ConvoSync),
        Box::new(init::Init),
        Box::new(device_join::DeviceJoin),
        Box::new(device_approve::DeviceApprove),
        Box::new(device_list::DeviceList),
        Box::new(device_rename::DeviceRename),
        Box::new(device_revoke::DeviceRevoke),
        Box::new(key_rotate::KeyRotate),
        Box::new(key_export::KeyExport),
        Box::new(key_protect::KeyProtect),
        Box::new(save::Save),
        Box::new(resume::Resume),
        Box::new(undo::Undo),
        Box::new(list::List),
        Box::new(log::Log),
        Box::new(note::Note),
        Box::new(show::Show),
        Box::new(status::Status),
        Box::new(store::Store),
        Box::new(store_move::StoreMove),
        Box::new(store_consent::StoreAllow),
        Box::new(store_consent::StoreForbid),
        Box::new(sync::Sync),
        Box::new(keeping::PIN),
        Box::new(keeping::UNPIN),
        Box::new(delete::Delete),
        Box::new(keeping::UNDELETE),
        Box::new(gc::Gc),
        Box::new(config::Config),
        Box::new(config_get::ConfigGet),
        Box::new(config_set::ConfigSet),
        Box::new(export::Export),
        Box::new(import::Import),
        Box::new(doctor::Doctor),
        Box::new(explain::Explain),
    ]
}

fn signature(name: &str) -> Signature {
    Signature::build(name).category(Category::Custom("convosync".to_owned()))
}

/// The signature of what is done to sessions that are named or piped in.
fn of_sessions(name: &str) -> Signature {
    let which = "session ids or unique prefixes (or pipe rows of `convosync list` in)";
    signature(name)
        .rest("session", SyntaxShape::Any, which)
        .input_output_types(piped_sessions(&Type::record()))
}

/// What names a session, or several, when it comes through the pipeline.
fn piped_sessions(to: &Type) -> Vec<(Type, Type)> {
    [
        Type::Nothing,
        Type::String,
        Type::List(Box::new(Type::String)),
        Type::record(),
        Type::table(),
        Type::List(Box::new(Type::Any)),
    ]
    .map(|from| (from, to.clone()))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_command_explains_itself_in_the_same_way() {
        for command in all() {
            let (name, about) = (command.name().to_owned(), command.description().to_owned());
            assert!(name.starts_with("convosync"), "{name}");
            assert!(
                about.starts_with(char::is_uppercase) && about.ends_with('.'),
                "{name}: {about}"
            );
            assert!(!about.contains('\n'), "{name}");
            let signature = command.signature();
            assert_eq!(signature.category, Category::Custom("convosync".to_owned()), "{name}");
            assert!(!signature.input_output_types.is_empty(), "{name}");
            if name != "convosync" {
                assert!(!command.search_terms().is_empty(), "{name} has no search terms");
                assert!(!command.examples().is_empty(), "{name} has no examples");
            }
            for example in command.examples() {
                assert!(example.example.contains(&name), "{name}: {}", example.example);
            }
            for flag in signature.named.iter().filter(|flag| flag.long != "help") {
                let plain = !flag.desc.is_empty() && !flag.desc.ends_with('.');
                assert!(
                    plain && !flag.desc.starts_with(char::is_uppercase),
                    "{name} --{}",
                    flag.long
                );
            }
        }
    }

    #[test]
    fn a_letter_stands_for_the_same_option_everywhere_and_an_option_takes_the_same_kind_of_value() {
        let mut letters: BTreeMap<char, String> = BTreeMap::new();
        let mut kinds: BTreeMap<String, (String, bool)> = BTreeMap::new();
        for command in all() {
            for flag in command.signature().named {
                let place = format!("{} --{}", command.name(), flag.long);
                if let Some(letter) = flag.short {
                    let known = letters.entry(letter).or_insert_with(|| flag.long.clone());
                    assert_eq!(*known, flag.long, "-{letter} at {place}");
                }
                let kind = (place.clone(), flag.arg.is_some());
                let known = kinds.entry(flag.long.clone()).or_insert(kind);
                assert_eq!(known.1, flag.arg.is_some(), "{place} and {}", known.0);
            }
        }
    }
}
