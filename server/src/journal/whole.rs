//! A file that grows by whole pieces: whatever happens to the disk, no reader finds half of one.

use std::{fs::File, io, os::unix::fs::FileExt};

/// Most bytes that wait for a disk that takes nothing; then the file ends where it is.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// What became of a piece.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It waits: the disk takes nothing now.
    Waits(io::Error),
    /// Too much waited. The file ends before it, for good.
    Ended(io::Error),
}

/// The file, and what waits to be written.
pub(super) struct Whole {
    file: File,
    written_bytes: u64,
    waiting: Vec<u8>,
    ended: bool,
}

impl Whole {
    /// Goes on at the end of an empty file.
    pub(super) fn new(file: File) -> Self {
        Self { file, written_bytes: 0, waiting: Vec::new(), ended: false }
    }

    /// A piece to be written with the next [`Self::flush`].
    pub(super) fn add(&mut self, piece: &[u8]) {
        if !self.ended {
            self.waiting.extend_from_slice(piece);
        }
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.len()
    }

    /// Writes what waits: all of it, or nothing.
    pub(super) fn flush(&mut self) -> Result<(), Trouble> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let Err(error) = self.file.write_all_at(&self.waiting, self.written_bytes) else {
            self.written_bytes += self.waiting.len() as u64;
            self.waiting.clear();
            return Ok(());
        };
        // Where this fails as well, whoever reads leaves out a piece that is cut off at the end.
        let _ = self.file.set_len(self.written_bytes);
        if self.waiting.len() <= WAITING_BYTES_MAX {
            return Err(Trouble::Waits(error));
        }
        self.ended = true;
        self.waiting = Vec::new();
        Err(Trouble::Ended(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_waits_and_too_much_of_it_ends_the_file() {
        // The kernel's own disk without room.
        let mut whole = Whole::new(File::options().write(true).open("/dev/full").expect("there"));
        whole.add(b"line 1\n");
        assert!(matches!(whole.flush(), Err(Trouble::Waits(_))));
        assert_eq!(whole.waiting_bytes(), 7);
        whole.add(&vec![b'x'; WAITING_BYTES_MAX]);
        assert!(matches!(whole.flush(), Err(Trouble::Ended(_))));
        whole.add(b"more");
        assert_eq!(whole.waiting_bytes(), 0);
        assert!(whole.flush().is_ok());
    }

    #[test]
    fn pieces_follow_each_other() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("f");
        let mut whole = Whole::new(File::create(&path).expect("made"));
        for piece in ["one\n", "two\n"] {
            whole.add(piece.as_bytes());
            whole.flush().expect("written");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "one\ntwo\n");
    }
}
