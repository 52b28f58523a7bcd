//! Looks for what must not be readable in files: words, and compressed data that would hold them.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

/// Where one of `secrets` stands in one of the files or its name, in the words of a failing test.
#[must_use]
pub fn readable(files: &[PathBuf], secrets: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let bytes = fs::read(file).expect("it can be read");
        // Text is searched by the standard library's own code, which is fast in a debug build too.
        let text = String::from_utf8_lossy(&bytes);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        for secret in secrets {
            if text.contains(secret) || name.contains(secret) {
                found.push(format!("`{secret}` in {}", file.display()));
            }
        }
    }
    found
}

/// Files that hold a zstd frame, a gzip member or a git pack, at whatever offset.
#[must_use]
pub fn compressed(files: &[PathBuf]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let bytes = fs::read(file).expect("it can be read");
        for at in 0..bytes.len() {
            if let Some(what) = frame(&bytes[at..]) {
                found.push(format!("{what} at {at} of {}", file.display()));
            }
        }
    }
    found
}

/// What begins here. A magic number alone stands in random bytes by chance, so it has to decode.
fn frame(bytes: &[u8]) -> Option<&'static str> {
    // RFC 8878, RFC 1952, gitformat-pack(5).
    match bytes {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let mut first = [0; 64];
            let mut decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
            (decoder.read(&mut first).ok()? > 0).then_some("a zstd frame")
        }
        [0x1f, 0x8b, 0x08, ..] => {
            let mut all = Vec::new();
            flate2::read::GzDecoder::new(bytes).take(1 << 24).read_to_end(&mut all).ok()?;
            Some("a gzip member")
        }
        [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..] => Some("a git pack"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_is_looked_for_is_found_in_the_middle_of_noise() {
        let folder = tempfile::tempdir().unwrap();
        let noise = crate::transcript::noise(1000).into_bytes();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(b"compressed").unwrap();
        let inner = [
            zstd::bulk::compress(b"compressed", 9).unwrap(),
            gzip.finish().unwrap(),
            b"PACK\0\0\0\x02".to_vec(),
            b"a secret".to_vec(),
        ];
        let files: Vec<_> = (0..inner.len()).map(|n| folder.path().join(n.to_string())).collect();
        for (file, inner) in files.iter().zip(inner) {
            fs::write(file, [&noise[..], &inner].concat()).unwrap();
        }
        assert_eq!(compressed(&files).len(), 3, "{:?}", compressed(&files));
        assert_eq!(readable(&files, &["a secret"]).len(), 1);
    }
}
