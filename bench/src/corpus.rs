//! The conversations that are saved: recorded ones, or made-up ones that are the same every time.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Saves of one conversation, each the whole file at that moment.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Vec<u8>>,
    /// Most bytes of segments and of whole units, as multiples of `zstd -19 --patch-from`.
    pub(crate) limits: (f64, f64),
}

/// All that is measured with.
pub(crate) struct Corpus {
    pub(crate) source: String,
    pub(crate) scenarios: Vec<Scenario>,
    /// A long conversation.
    pub(crate) long: Vec<u8>,
}

impl Corpus {
    /// The recordings under `CONVOSYNC_DATA`, else made-up conversations.
    pub(crate) fn find() -> Self {
        let data = std::env::var_os("CONVOSYNC_DATA").map(PathBuf::from);
        let data = data.map(|data| match data.join("transcripts") {
            folder if folder.is_dir() => folder,
            _ => data,
        });
        data.and_then(|data| Self::recorded(&data)).unwrap_or_else(Self::made_up)
    }

    fn recorded(data: &Path) -> Option<Self> {
        let growing = steps(&data.join("growth-B"))?;
        let rewritten = steps(&data.join("growth-C-changed-redaction"))?;
        let long = fs::read(data.join("single/most-lines-2330.jsonl")).ok()?;
        Some(Self::of("recorded transcripts (`CONVOSYNC_DATA`)", growing, rewritten, long))
    }

    fn made_up() -> Self {
        let growing = [88_000, 128_000, 152_000, 225_000, 300_000];
        let whole = conversation(1, 300_000);
        let growing = growing.map(|len| cut(&whole, len)).to_vec();
        let whole = conversation(2, 2_950_000);
        // The client leaves out of old lines what it now holds to be secret.
        let redacted = |len: usize, from: &str| {
            let text = String::from_utf8(cut(&whole, len)).expect("it is text");
            text.replace(from, "[redacted]").into_bytes()
        };
        let rewritten = vec![
            cut(&whole, 1_230_000),
            cut(&whole, 1_510_000),
            redacted(2_940_000, "configuration"),
            redacted(2_950_000, "configuration"),
        ];
        Self::of("made up, always the same", growing, rewritten, conversation(3, 3_700_000))
    }

    fn of(source: &str, growing: Vec<Vec<u8>>, rewritten: Vec<Vec<u8>>, long: Vec<u8>) -> Self {
        let nine = (1..=9).map(|step| cut(&long, long.len() * step / 9)).collect();
        let scenario = |name, steps, limits| Scenario { name, steps, limits };
        let scenarios = vec![
            scenario("growing, five saves", growing, (1.06, 1.25)),
            scenario("old lines rewritten, four saves", rewritten, (1.15, 1.25)),
            scenario("long, nine saves", nine, (1.10, 1.25)),
        ];
        Self { source: source.to_owned(), scenarios, long }
    }
}

fn steps(folder: &Path) -> Option<Vec<Vec<u8>>> {
    let mut files: Vec<_> =
        fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).ok()).collect()
}

/// The whole lines in the first `len` bytes.
pub(crate) fn cut(bytes: &[u8], len: usize) -> Vec<u8> {
    let head = &bytes[..len.min(bytes.len())];
    let end = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    head[..end].to_vec()
}

/// A conversation of about `len` bytes in Claude Code's format: prompts, answers, tools and what
/// they gave back, in proportions like those of recorded ones.
pub(crate) fn conversation(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut out = String::with_capacity(len + 16_384);
    let mut turn = 0;
    while out.len() < len {
        add_turn(&mut out, &mut random, turn);
        turn += 1;
    }
    out.into_bytes()
}

fn add_turn(out: &mut String, random: &mut Random, turn: usize) {
    let prompt = random.words(12, 60);
    line(out, random, "user", turn, &format!(r#"{{"role":"user","content":"{prompt}"}}"#));
    for call in 0..random.below(4) {
        let (id, path) = (random.hex(12), random.path());
        let body = format!(
            r#"{{"id":"msg_{turn}_{call}","type":"message","role":"assistant","content":[{{"type":"tool_use","id":"toolu_{id}","name":"Read","input":{{"file_path":"{path}"}}}}],"usage":{{"input_tokens":{},"output_tokens":{}}}}}"#,
            random.below(90_000),
            random.below(900)
        );
        line(out, random, "assistant", turn, &body);
        let code = random.code();
        let body = format!(
            r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_{id}","content":"{code}"}}]}}"#
        );
        line(out, random, "user", turn, &body);
    }
    let answer = random.words(40, 300);
    let body = format!(
        r#"{{"id":"msg_{turn}_z","type":"message","role":"assistant","content":[{{"type":"text","text":"{answer}"}}],"usage":{{"input_tokens":{},"output_tokens":{}}}}}"#,
        random.below(90_000),
        random.below(900)
    );
    line(out, random, "assistant", turn, &body);
}

fn line(out: &mut String, random: &mut Random, kind: &str, turn: usize, message: &str) {
    let (parent, own) = (random.uuid(), random.uuid());
    let (minute, second, milli) = (turn / 60 % 60, turn % 60, random.below(1000));
    let _ = writeln!(
        out,
        r#"{{"parentUuid":"{parent}","isSidechain":false,"type":"{kind}","uuid":"{own}","timestamp":"2026-01-02T03:{minute:02}:{second:02}.{milli:03}Z","userType":"external","cwd":"/home/alice/projects/myapp","sessionId":"11111111-2222-4333-8444-555555555555","version":"2.1.328","gitBranch":"main","message":{message}}}"#
    );
}

/// xorshift64* (Vigna 2016): the same letters every time, which is all that is asked of it.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    fn hex(&mut self, digits: usize) -> String {
        let text = format!("{:016x}{:016x}", self.next(), self.next());
        text[..digits].to_owned()
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.hex(12), self.hex(16));
        format!("{}-{}-4{}-8{}-{}", &a[..8], &a[8..], &b[..3], &b[3..6], &self.hex(12))
    }

    /// Words as often as language has them: few of them are most of a text.
    fn word(&mut self) -> String {
        let list: Vec<&str> = WORDS.split_whitespace().collect();
        let rank = (self.below(1000) * self.below(1000)) as usize * list.len() / 1_000_000;
        match self.below(12) {
            0 => format!("{}_{}", list[rank], self.hex(3)),
            _ => list[rank].to_owned(),
        }
    }

    fn words(&mut self, least: u64, most: u64) -> String {
        let count = least + self.below(most - least);
        let words: Vec<_> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    fn path(&mut self) -> String {
        format!("/home/alice/projects/myapp/src/{}/{}.rs", self.word(), self.word())
    }

    fn code(&mut self) -> String {
        let lines = 5 + self.below(60);
        let line = |random: &mut Self, number: u64| {
            let (name, kind, value) = (random.word(), random.word(), random.word());
            format!("{number:>6}\\tlet {name}: {kind} = {value}.{}();", random.word())
        };
        (1..=lines).map(|number| line(self, number)).collect::<Vec<_>>().join("\\n")
    }
}

const WORDS: &str = "the of to and a in is it you that he was for on are with as his they be at one \
    have this from or had by not word but what some we can out other were all there when up use your \
    how said an each she which do their time if will way about many then them write would like so these \
    her long make thing see him two has look more day could go come did number sound no most people my \
    over know water than call first who may down side been now find function return struct impl match \
    error result string option vector value key store session branch commit file line test build cargo \
    module import export client server request response token handler router configuration parser index \
    buffer stream writer reader thread lock queue cache entry header body status update delete insert \
    select where order group limit offset table column row schema migration version release deploy \
    container service network socket timeout retry backoff signal process memory pointer reference \
    lifetime generic trait macro closure iterator collection hash tree graph node edge path cycle depth";
