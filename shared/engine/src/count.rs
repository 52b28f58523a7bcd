//! Numbers of things, in words.

/// `1 save`, `15 saves`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {one}{end}")
}

/// `1 uncommitted change`.
pub(crate) fn uncommitted(changes: u64) -> String {
    counted(changes, "uncommitted change")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        assert_eq!(counted(0, "save"), "0 saves");
        assert_eq!(uncommitted(1), "1 uncommitted change");
        assert_eq!(uncommitted(2), "2 uncommitted changes");
    }
}
