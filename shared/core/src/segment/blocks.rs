//! BLAKE3 of each MiB: finds where a file changed, and proves a rebuilt one.

/// Bytes that one hash covers: 1 MiB. Part of the stored format.
pub const BLOCK: usize = 1 << 20;

/// Hashes a file block by block as its bytes come.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    len: u64,
    done: Vec<[u8; 32]>,
    open: blake3::Hasher,
}

impl Blocks {
    /// Starts at the first byte of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = BLOCK - self.filled();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.open.update(now);
            self.len += now.len() as u64;
            if now.len() == room {
                self.done.push(self.open.finalize().into());
                self.open.reset();
            }
            bytes = later;
        }
    }

    /// The bytes taken so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was taken yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The length, and one hash for each block; the last block may be shorter.
    #[must_use]
    pub fn finish(mut self) -> (u64, Vec<[u8; 32]>) {
        if self.filled() > 0 {
            self.done.push(self.open.finalize().into());
        }
        (self.len, self.done)
    }

    fn filled(&self) -> usize {
        (self.len % BLOCK as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_the_bytes_come_makes_no_difference() {
        let bytes: Vec<u8> = (0..BLOCK * 2 + 5).map(|i| (i * 31 % 251) as u8).collect();
        let mut whole = Blocks::new();
        whole.update(&bytes);
        let mut pieces = Blocks::new();
        bytes.chunks(70_001).for_each(|piece| pieces.update(piece));
        let (len, hashes) = whole.finish();
        assert_eq!((len, hashes.len()), (bytes.len() as u64, 3));
        assert_eq!(hashes[2], *blake3::hash(&bytes[BLOCK * 2..]).as_bytes());
        assert_eq!(pieces.finish(), (len, hashes));
    }

    #[test]
    fn a_file_of_whole_blocks_has_no_empty_one_at_its_end() {
        let mut blocks = Blocks::new();
        blocks.update(&vec![7; BLOCK]);
        assert_eq!(blocks.finish().1.len(), 1);
        assert_eq!(Blocks::new().finish(), (0, Vec::new()));
    }
}
