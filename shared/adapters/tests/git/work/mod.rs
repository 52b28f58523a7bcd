//! Work that is captured here and brought back there.

mod cases;
mod refusals;
mod submodules;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use convosync_core::Oid;
use convosync_engine::ports::{CapturedWork, Git, GitError, WorkHere};

use crate::lab::{Lab, write};
use cases::{ACTS, Act, KINDS, Kind, origin};

/// Everything of a repository that a capture may not touch.
pub(crate) fn evidence(lab: &Lab, dir: &Path) -> Vec<String> {
    let git_dir = lab.run(dir, &["rev-parse", "--absolute-git-dir"]);
    let common = lab.run(dir, &["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    let mut found = Vec::new();
    for top in [dir, Path::new(&git_dir), Path::new(&common)] {
        walk(top, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, facts) = (entry.path(), entry.metadata().expect("it is there"));
        if facts.is_dir() {
            walk(&path, found);
            continue;
        }
        let digest = fs::read(&path).map(|bytes| blake3::hash(&bytes).to_hex().to_string());
        let digest = if facts.is_symlink() {
            fs::read_link(&path).expect("a link").display().to_string()
        } else {
            digest.expect("a file")
        };
        // Git marks objects that it meets again as young: no `git gc` takes them then.
        // So it does with the shared part of an index that it reads.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_object =
            path.iter().any(|part| part == "objects") || name.starts_with("sharedindex");
        let time = if is_object { (0, 0) } else { (facts.mtime(), facts.mtime_nsec()) };
        found.push(format!("{path:?} {:o} {time:?} {digest}", facts.mode()));
    }
}

/// What is true of the work: git's status, the index, and what lies there.
pub(crate) fn seen(lab: &Lab, dir: &Path) -> Vec<String> {
    let status = ["status", "--porcelain=v2", "--untracked-files=all", "--ignored", "-z"];
    let mut files = Vec::new();
    lay(dir, dir, &mut files);
    files.sort();
    let parts = [
        lab.run(dir, &status).replace('\0', "\n"),
        lab.run(dir, &["ls-files", "--stage", "--debug"])
            .lines()
            .filter(|line| !line.starts_with("  ") || line.contains("flags"))
            .map(flags)
            .collect::<Vec<_>>()
            .join("\n"),
        files.join("\n"),
    ];
    parts.join("\n--\n").lines().map(str::to_owned).collect()
}

/// A line of `ls-files --debug`: of an entry's flags those that say that git is not to look at it,
/// or that it was added without contents (gitformat-index(5), "extended flag").
fn flags(line: &str) -> String {
    const TOLD: u64 = 0x6000_0000;
    let Some((_, hex)) = line.split_once("flags: ") else { return line.to_owned() };
    let flags = u64::from_str_radix(hex.trim(), 16).expect("hexadecimal digits");
    format!("  flags: {:x}", flags & TOLD)
}

fn lay(top: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, facts) = (entry.path(), entry.metadata().expect("it is there"));
        let name = path.strip_prefix(top).expect("below").to_owned();
        if name.starts_with(".git") && !name.starts_with(".gitattributes") {
            continue;
        }
        if facts.is_dir() {
            lay(top, &path, found);
        } else if facts.is_symlink() {
            found.push(format!("{name:?} -> {:?}", fs::read_link(&path).expect("a link")));
        } else {
            let bytes = fs::read(&path).expect("a file");
            found.push(format!("{name:?} {:o} {}", facts.mode(), blake3::hash(&bytes).to_hex()));
        }
    }
}

#[track_caller]
pub(crate) fn capture(lab: &Lab, dir: &Path, file: &Path) -> CapturedWork {
    let repo = lab.at(dir);
    let before = evidence(lab, dir);
    let work = lab.git.capture_work(&repo, &[], file).expect("captured").expect("there is work");
    same(&evidence(lab, dir), &before);
    work
}

/// Two lists that have to be equal; only what differs is told.
#[track_caller]
pub(crate) fn same(now: &[String], before: &[String]) {
    let new: Vec<_> = now.iter().filter(|line| !before.contains(line)).collect();
    let gone: Vec<_> = before.iter().filter(|line| !now.contains(line)).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:#?}\ngone: {gone:#?}");
}

#[track_caller]
pub(crate) fn take_in(lab: &Lab, dir: &Path, file: &Path, work: &Oid) {
    lab.git.unbundle(&lab.at(dir), file, work, "work").expect("unpacked");
}

#[track_caller]
pub(crate) fn restore(lab: &Lab, dir: &Path, work: &Oid) {
    let left = lab.git.restore_work(&lab.at(dir), &[], work).expect("restored");
    assert_eq!(left, Vec::<String>::new());
}

/// A source and a target of one kind.
struct Pair {
    lab: Lab,
    source: PathBuf,
    target: PathBuf,
}

impl Pair {
    fn of(kind: &Kind) -> Self {
        let lab = Lab::new();
        let origin = origin(&lab, kind.init);
        let (source, target) = (lab.path("source"), lab.path("target"));
        (kind.make)(&lab, &origin, &source);
        (kind.make)(&lab, &origin, &target);
        Self { lab, source, target }
    }

    /// The work goes to the target, and from there it is the same; on the source it is put aside
    /// and comes back. Then both are clean.
    fn travels(&self, acts: &[(&str, Act)]) {
        let Self { lab, source, target } = self;
        let named: Vec<_> = acts.iter().map(|(name, _)| name).collect();
        for (_, act) in acts {
            act(lab, source);
        }
        let file = lab.path("bundle");
        let work = capture(lab, source, &file);
        let before = seen(lab, source);
        take_in(lab, target, &file, &work.commit);
        restore(lab, target, &work.commit);
        same(&seen(lab, target), &before);
        for dir in [source, target] {
            let here = lab.git.compare_work(&lab.at(dir), &[], std::slice::from_ref(&work.commit));
            assert_eq!(here.expect("compared"), WorkHere::Same(work.commit.clone()), "{named:?}");
        }
        let repo = lab.at(source);
        let kept = lab.git.lift_work(&repo, &[], &work.commit, &hash(&named)).expect("put aside");
        let kept = kept.expect("there was work");
        assert_eq!(lab.dirty(source), Vec::<String>::new(), "{named:?}");
        restore(lab, source, &lab.oid(source, &kept));
        same(&seen(lab, source), &before);
        for dir in [source, target] {
            lab.run(dir, &["reset", "-q", "--hard"]);
            lab.run(dir, &["clean", "-fdxq"]);
        }
    }
}

fn hash(named: &[&&str]) -> String {
    blake3::hash(format!("{named:?}").as_bytes()).to_hex()[..16].to_owned()
}

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("a kind")
}

/// All work at once, and in the slow lane each kind of it by itself.
#[track_caller]
fn everything_travels(name: &str) {
    let pair = Pair::of(kind(name));
    pair.travels(ACTS);
    if std::env::var_os("CONVOSYNC_WHOLE_MATRIX").is_some() {
        for act in ACTS {
            pair.travels(std::slice::from_ref(act));
        }
    }
}

#[test]
fn work_travels_between_normal_repositories() {
    everything_travels("normal");
}

#[test]
fn work_travels_between_linked_work_tree_repositories() {
    everything_travels("linked work tree");
}

#[test]
fn work_travels_between_sparse_repositories() {
    everything_travels("sparse");
}

#[test]
fn work_travels_between_sparse_index_repositories() {
    if !is_before(2, 47) {
        return everything_travels("sparse index");
    }
    // An old git would forget what lies outside of the checkout: nothing is changed by it.
    let Pair { lab, source, target } = Pair::of(kind("sparse index"));
    write(&source, "in/f", "changed\n");
    let file = lab.path("bundle");
    let work = capture(&lab, &source, &file);
    take_in(&lab, &target, &file, &work.commit);
    let before = seen(&lab, &target);
    let refused = lab.git.restore_work(&lab.at(&target), &[], &work.commit);
    assert!(matches!(refused, Err(GitError::NoGit(_))), "{refused:?}");
    same(&seen(&lab, &target), &before);
}

fn is_before(major: u32, minor: u32) -> bool {
    let output = Command::new("git").arg("version").output().expect("git runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split([' ', '.']).filter_map(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) < (Some(major), Some(minor))
}

#[test]
fn work_travels_between_partial_repositories() {
    everything_travels("partial");
}

#[test]
fn work_travels_between_shallow_repositories() {
    everything_travels("shallow");
}

#[test]
fn work_travels_between_sha256_repositories() {
    everything_travels("sha256");
}

#[test]
fn work_travels_between_reftable_repositories() {
    everything_travels("reftable");
}

#[test]
fn work_travels_between_split_index_repositories() {
    everything_travels("split index");
}

#[test]
fn equal_work_is_the_same_commit_everywhere() {
    let pair = Pair::of(kind("normal"));
    let (lab, file) = (&pair.lab, pair.lab.path("bundle"));
    for dir in [&pair.source, &pair.target] {
        write(dir, "in/f", "same\n");
        write(dir, "new", "same\n");
    }
    let first = capture(lab, &pair.source, &file);
    assert_eq!(capture(lab, &pair.source, &file), first);
    assert_eq!(capture(lab, &pair.target, &file), first);
    write(&pair.target, "new", "other\n");
    assert_ne!(capture(lab, &pair.target, &file).commit, first.commit);
    assert_eq!((first.changes, first.base), (2, lab.head(&pair.source)));
}

#[test]
fn a_stash_is_what_git_takes_it_for() {
    let pair = Pair::of(kind("normal"));
    let (lab, file) = (&pair.lab, pair.lab.path("bundle"));
    ACTS[1].1(lab, &pair.source);
    let work = capture(lab, &pair.source, &file);
    take_in(lab, &pair.target, &file, &work.commit);
    lab.run(&pair.target, &["stash", "apply", "-q", "--index", work.commit.as_str()]);
    same(&seen(lab, &pair.target), &seen(lab, &pair.source));
}

#[test]
fn a_change_within_the_clocks_tick_is_seen() {
    let pair = Pair::of(kind("normal"));
    let (lab, dir) = (&pair.lab, &pair.source);
    // Equal in size and in every time: only its contents tell, and only while the index is young.
    lab.run(dir, &["config", "core.trustctime", "false"]);
    let file = dir.join("in/f");
    write(dir, "in/f", "SECOND\n");
    let young = fs::metadata(dir.join(".git/index")).expect("an index").modified().expect("a time");
    fs::File::options().write(true).open(&file).expect("a file").set_modified(young).expect("set");
    lab.run(dir, &["add", "in/f"]);
    write(dir, "in/f", "sECOND\n");
    for path in [&file, &dir.join(".git/index")] {
        let opened = fs::File::options().write(true).open(path).expect("a file");
        opened.set_modified(young).expect("set");
    }
    let bundle = lab.path("bundle");
    let work = capture(lab, dir, &bundle);
    take_in(lab, &pair.target, &bundle, &work.commit);
    restore(lab, &pair.target, &work.commit);
    assert_eq!(crate::lab::read(&pair.target, "in/f"), "sECOND\n");
}
