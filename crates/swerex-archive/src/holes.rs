//! Files with holes: where there are only zeros, nothing is written.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

/// Zeros fewer than these are written: a disk's block holds them anyway.
const BLOCK: usize = 4096;

/// A block of them.
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// A file that is written from where it stands on, with holes for blocks of zeros. It is as long as it should be only after
/// [`finish`](Self::finish).
#[derive(Debug)]
pub struct Sparse {
    file: File,
    position: u64,
}

impl Sparse {
    /// An empty file, or one whose rest is zeros.
    ///
    /// # Errors
    /// It has no position, as a pipe.
    pub fn new(mut file: File) -> io::Result<Self> {
        let position = file.stream_position()?;
        Ok(Self { file, position })
    }

    /// The file, as long as what was written.
    ///
    /// # Errors
    /// Its length cannot be set.
    pub fn finish(self) -> io::Result<File> {
        if self.file.metadata()?.len() < self.position {
            self.file.set_len(self.position)?;
        }
        Ok(self.file)
    }

    /// Where the next byte goes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes away what was written from here on.
    ///
    /// # Errors
    /// The file cannot be cut.
    pub fn cut(&mut self, at: u64) -> io::Result<()> {
        self.file.set_len(at)?;
        self.position = self.file.seek(SeekFrom::Start(at))?;
        Ok(())
    }

    fn skip(&mut self, length: usize) -> io::Result<()> {
        let to = self.position + length as u64;
        self.file.seek(SeekFrom::Start(to))?;
        self.position = to;
        Ok(())
    }
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is left of the block where it stands, then whole ones.
        let into = usize::try_from(self.position % BLOCK as u64).unwrap_or_default();
        let is_zero = |block: &[u8]| block == ZEROS.get(..block.len()).unwrap_or_default();
        let mut end = bytes.len().min(BLOCK - into);
        let is_hole = bytes.get(..end).is_some_and(is_zero);
        while let Some(block) = bytes.get(end..bytes.len().min(end + BLOCK)) {
            if block.is_empty() || is_zero(block) != is_hole {
                break;
            }
            end += block.len();
        }
        if is_hole {
            self.skip(end)?;
            return Ok(end);
        }
        let written = self.file.write(bytes.get(..end).unwrap_or_default())?;
        self.position += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn written(pieces: &[Vec<u8>]) -> File {
        let mut sparse = Sparse::new(tempfile::tempfile().unwrap()).unwrap();
        for piece in pieces {
            sparse.write_all(piece).unwrap();
        }
        sparse.finish().unwrap()
    }

    #[test]
    #[cfg(unix)]
    fn zeros_take_no_room() {
        use std::os::unix::fs::MetadataExt as _;

        let mut pieces = vec![vec![0; 1 << 20]; 64];
        pieces.push(b"end".to_vec());
        pieces.push(vec![0; 100_001]);
        let metadata = written(&pieces).metadata().unwrap();
        assert_eq!(metadata.len(), (64 << 20) + 3 + 100_001);
        assert!(metadata.blocks() * 512 < 1 << 20, "{}", metadata.blocks());
    }

    #[test]
    fn what_was_cut_off_does_not_come_back() {
        let mut sparse = Sparse::new(tempfile::tempfile().unwrap()).unwrap();
        sparse.write_all(&[1; 100]).unwrap();
        let there = sparse.position();
        sparse.write_all(&[7; 20_000]).unwrap();
        sparse.cut(there).unwrap();
        sparse.write_all(&[0; 30_000]).unwrap();
        let mut content = Vec::new();
        let mut file = sparse.finish().unwrap();
        file.rewind().unwrap();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content, [&[1; 100][..], &[0; 30_000]].concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_byte_is_as_it_was_written(
            pieces in proptest::collection::vec((0_usize..9000, any::<bool>(), 0_usize..3), 0..8)
        ) {
            let pieces: Vec<Vec<u8>> = pieces
                .into_iter()
                .map(|(length, is_zero, ones)| {
                    let mut piece = vec![u8::from(!is_zero); length];
                    for one in 0..ones {
                        if let Some(byte) = piece.get_mut(one * 4099) {
                            *byte ^= 1;
                        }
                    }
                    piece
                })
                .collect();
            let mut content = Vec::new();
            let mut file = written(&pieces);
            file.rewind().unwrap();
            file.read_to_end(&mut content).unwrap();
            prop_assert!(content == pieces.concat());
        }
    }
}
