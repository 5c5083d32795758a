//! Reads structured input out of a fuzzer's bytes. Running out yields zeros and empty pieces, so
//! every input means something.

/// A cursor over a fuzzer's bytes.
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// From the first byte on.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// Whether everything was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// Two bytes, big-endian.
    pub(crate) fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// Four bytes, big-endian.
    pub(crate) fn word(&mut self) -> u32 {
        u32::from(self.short()) << 16 | u32::from(self.short())
    }

    /// Up to `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A piece with its length in front (two bytes).
    pub(crate) fn piece(&mut self) -> &'a [u8] {
        let count = usize::from(self.short());
        self.take(count)
    }

    /// A piece as text; what is not UTF-8 is replaced.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.piece()).into_owned()
    }

    /// A piece as 16-bit samples.
    pub(crate) fn samples(&mut self) -> Vec<i16> {
        self.piece().chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
    }
}
