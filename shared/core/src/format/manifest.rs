//! The manifest as stored.

use minicbor::{Decode, Encode};

use super::terminal::{StoredTerminal, load_terminal, store_terminal};
use super::text::{Text, texts, values};
use super::{FormatError, decode, encode};
use crate::context::{Span, are_in_order};
use crate::id::{ConversationId, Oid};
use crate::manifest::{
    Archived, Code, Conversation, FilePath, FileState, LeftOut, Manifest, SegmentRef, Work,
};
use crate::name::ObjectName;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    code: Option<StoredCode>,
    #[n(1)]
    conversations: Vec<StoredConversation>,
    #[n(2)]
    terminal: Option<StoredTerminal>,
    /// 1: the code, 2: the conversations.
    #[n(3)]
    left_out: Option<u8>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredCode {
    #[n(0)]
    remotes: Vec<String>,
    #[n(1)]
    root_commit: Option<Text<Oid>>,
    #[n(2)]
    branch: String,
    #[n(3)]
    commit: Text<Oid>,
    #[n(4)]
    subject: String,
    #[n(5)]
    bundle: Option<StoredFile>,
    #[n(6)]
    bundle_needs: Vec<Text<Oid>>,
    #[n(7)]
    excluded: Vec<String>,
    #[n(8)]
    clone_url: Option<String>,
    #[n(12)]
    modified: Option<Vec<String>>,
    #[n(9)]
    work: Option<Vec<StoredWork>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredWork {
    #[n(0)]
    commit: Text<Oid>,
    #[n(1)]
    base: Text<Oid>,
    #[n(2)]
    changes: u64,
    #[n(3)]
    bundle: StoredFile,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredConversation {
    #[n(0)]
    assistant: String,
    #[n(1)]
    id: Text<ConversationId>,
    #[n(2)]
    title: Option<String>,
    #[n(3)]
    message_count: u64,
    #[n(4)]
    client_version: Option<String>,
    #[n(5)]
    directory: String,
    #[n(6)]
    files: Vec<Named>,
    #[n(12)]
    spans: Option<Vec<StoredSpan>>,
    #[n(7)]
    archived: Option<StoredArchived>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredSpan {
    #[n(0)]
    first: u64,
    #[n(1)]
    last: u64,
    #[n(2)]
    branch: Option<String>,
    #[n(3)]
    commit: Option<Text<Oid>>,
    #[n(4)]
    exact: bool,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredArchived {
    #[n(0)]
    bytes: u64,
    #[n(1)]
    messages: u64,
}

#[derive(Encode, Decode)]
struct Named {
    #[n(0)]
    path: Text<FilePath>,
    #[n(1)]
    state: StoredFile,
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredFile {
    #[n(0)]
    len: u64,
    /// 32 bytes for each block, one after the other.
    #[cbor(n(1), with = "minicbor::bytes")]
    blocks: Vec<u8>,
    #[n(2)]
    segments: Vec<StoredSegment>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredSegment {
    #[cbor(n(0), with = "minicbor::bytes")]
    id: [u8; 16],
    #[n(1)]
    container: Option<Text<ObjectName>>,
    #[n(2)]
    at: u64,
    #[n(3)]
    len: u32,
    #[n(4)]
    back: u32,
    #[n(5)]
    ahead: u32,
    #[n(6)]
    packed: u32,
    #[n(7)]
    messages: u64,
    #[n(8)]
    snapshot: bool,
}

pub(super) fn encode_manifest(manifest: &Manifest) -> Vec<u8> {
    encode(&Stored {
        code: manifest.code.as_ref().map(store_code),
        conversations: manifest.conversations.iter().map(store_conversation).collect(),
        terminal: manifest.terminal.as_ref().map(store_terminal),
        left_out: store_left_out(manifest.left_out),
    })
}

fn store_left_out(left_out: LeftOut) -> Option<u8> {
    let bits = u8::from(left_out.code) | u8::from(left_out.conversation) << 1;
    (bits > 0).then_some(bits)
}

fn load_left_out(bits: u8) -> LeftOut {
    LeftOut { code: bits & 1 > 0, conversation: bits & 2 > 0 }
}

pub(super) fn decode_manifest(bytes: &[u8]) -> Result<Manifest, FormatError> {
    let stored: Stored = decode(bytes)?;
    Ok(Manifest {
        code: stored.code.map(load_code).transpose()?,
        conversations: all(stored.conversations, load_conversation)?,
        terminal: stored.terminal.map(load_terminal),
        left_out: load_left_out(stored.left_out.unwrap_or_default()),
    })
}

fn all<S, T>(stored: Vec<S>, load: fn(S) -> Result<T, FormatError>) -> Result<Vec<T>, FormatError> {
    stored.into_iter().map(load).collect()
}

fn store_code(code: &Code) -> StoredCode {
    StoredCode {
        remotes: code.remotes.clone(),
        root_commit: code.root_commit.clone().map(Text),
        branch: code.branch.clone(),
        commit: Text(code.commit.clone()),
        subject: code.subject.clone(),
        bundle: code.bundle.as_ref().map(store_file),
        bundle_needs: texts(&code.bundle_needs),
        excluded: code.excluded.clone(),
        clone_url: code.clone_url.clone(),
        modified: Some(code.modified.clone()).filter(|files| !files.is_empty()),
        work: (!code.work.is_empty()).then(|| code.work.iter().map(store_work).collect()),
    }
}

fn store_work(work: &Work) -> StoredWork {
    StoredWork {
        commit: Text(work.commit.clone()),
        base: Text(work.base.clone()),
        changes: work.changes,
        bundle: store_file(&work.bundle),
    }
}

fn load_work(stored: StoredWork) -> Result<Work, FormatError> {
    Ok(Work {
        commit: stored.commit.0,
        base: stored.base.0,
        changes: stored.changes,
        bundle: load_file(stored.bundle)?,
    })
}

fn load_code(stored: StoredCode) -> Result<Code, FormatError> {
    Ok(Code {
        remotes: stored.remotes,
        root_commit: stored.root_commit.map(|text| text.0),
        branch: stored.branch,
        commit: stored.commit.0,
        subject: stored.subject,
        bundle: stored.bundle.map(load_file).transpose()?,
        bundle_needs: values(stored.bundle_needs),
        excluded: stored.excluded,
        clone_url: stored.clone_url,
        modified: stored.modified.unwrap_or_default(),
        work: all(stored.work.unwrap_or_default(), load_work)?,
    })
}

fn store_conversation(conversation: &Conversation) -> StoredConversation {
    let files = conversation.files.iter();
    StoredConversation {
        assistant: conversation.assistant.clone(),
        id: Text(conversation.id.clone()),
        title: conversation.title.clone(),
        message_count: conversation.message_count,
        client_version: conversation.client_version.clone(),
        directory: conversation.directory.clone(),
        files: files
            .map(|(path, state)| Named { path: Text(path.clone()), state: store_file(state) })
            .collect(),
        spans: (!conversation.spans.is_empty())
            .then(|| conversation.spans.iter().map(store_span).collect()),
        archived: conversation
            .archived
            .map(|archived| StoredArchived { bytes: archived.bytes, messages: archived.messages }),
    }
}

fn load_conversation(stored: StoredConversation) -> Result<Conversation, FormatError> {
    Ok(Conversation {
        assistant: stored.assistant,
        id: stored.id.0,
        title: stored.title,
        message_count: stored.message_count,
        client_version: stored.client_version,
        directory: stored.directory,
        files: all(stored.files, |named| Ok((named.path.0, load_file(named.state)?)))?,
        spans: load_spans(stored.spans.unwrap_or_default()),
        archived: stored
            .archived
            .map(|archived| Archived { bytes: archived.bytes, messages: archived.messages }),
    })
}

fn store_span(span: &Span) -> StoredSpan {
    StoredSpan {
        first: span.first,
        last: span.last,
        branch: span.branch.clone(),
        commit: span.commit.clone().map(Text),
        exact: span.exact,
    }
}

/// Spans that contradict each other are none: a conversation comes back without them too.
fn load_spans(stored: Vec<StoredSpan>) -> Vec<Span> {
    let span = |stored: StoredSpan| Span {
        first: stored.first,
        last: stored.last,
        branch: stored.branch,
        commit: stored.commit.map(|text| text.0),
        exact: stored.exact,
    };
    let spans: Vec<Span> = stored.into_iter().map(span).collect();
    if are_in_order(&spans) { spans } else { Vec::new() }
}

pub(super) fn store_file(state: &FileState) -> StoredFile {
    StoredFile {
        len: state.len,
        blocks: state.blocks.concat(),
        segments: state.segments.iter().map(store_segment).collect(),
    }
}

pub(super) fn load_file(stored: StoredFile) -> Result<FileState, FormatError> {
    let (blocks, rest) = stored.blocks.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(FormatError::Malformed("half a block hash".to_owned()));
    }
    Ok(FileState {
        len: stored.len,
        blocks: blocks.to_vec(),
        segments: all(stored.segments, load_segment)?,
    })
}

fn store_segment(segment: &SegmentRef) -> StoredSegment {
    StoredSegment {
        id: segment.id,
        container: segment.container.clone().map(Text),
        at: segment.at,
        len: segment.len,
        back: segment.back,
        ahead: segment.ahead,
        packed: segment.packed,
        messages: segment.messages,
        snapshot: segment.snapshot,
    }
}

fn load_segment(stored: StoredSegment) -> Result<SegmentRef, FormatError> {
    let container = stored.container.map(|text| text.0);
    if container.as_ref().is_some_and(|name| name.session().is_none()) {
        return Err(FormatError::Malformed("a segment in an object without segments".to_owned()));
    }
    Ok(SegmentRef {
        id: stored.id,
        container,
        at: stored.at,
        len: stored.len,
        back: stored.back,
        ahead: stored.ahead,
        packed: stored.packed,
        messages: stored.messages,
        snapshot: stored.snapshot,
    })
}
