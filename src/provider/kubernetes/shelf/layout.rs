//! How a content is packed, and whether it stands in the head or in chunks.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::resource::digest_bytes;

/// The length in bytes of what one object holds: an API server takes 1 MiB.
pub(super) const LONGEST: usize = 900 * 1024;

/// How many chunks a slot has at most.
pub(super) const MOST_CHUNKS: usize = 8;

/// Where a packed content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Slot {
    /// In the head itself.
    Inline,
    /// In the chunks of the first slot.
    A,
    /// In those of the second one. A reader sees one slot while the other one is written.
    B,
}

impl Slot {
    /// The slot that is written next, while this one is read.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Inline | Self::B => Self::A,
            Self::A => Self::B,
        }
    }

    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// What the head says of a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    encoding: Encoding,
    /// The length before it was packed.
    size: u64,
    /// SHA-256 over what is packed.
    digest: String,
    pub(super) slot: Slot,
    /// How many chunks there are; 0 in the head itself.
    pub(super) chunks: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    Gzip,
}

/// A content that is packed.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    size: u64,
}

/// Packs a content.
pub(super) fn pack(content: &[u8]) -> std::io::Result<Packed> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content)?;
    Ok(Packed { bytes: encoder.finish()?, size: content.len() as u64 })
}

impl Packed {
    pub(super) fn fits_the_head(&self) -> bool {
        self.bytes.len() <= LONGEST
    }

    pub(super) fn fits_the_chunks(&self) -> bool {
        self.bytes.len() <= LONGEST * MOST_CHUNKS
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(LONGEST)
    }

    /// What the head says of it in this slot.
    pub(super) fn layout(&self, slot: Slot) -> Layout {
        let chunks = if slot == Slot::Inline { 0 } else { self.chunks().count() };
        Layout { encoding: Encoding::Gzip, size: self.size, digest: digest_bytes(&self.bytes), slot, chunks }
    }
}

impl Layout {
    /// The content, if these are the packed bytes that the head means.
    ///
    /// # Errors
    /// They are others, in words.
    pub(super) fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        if digest_bytes(packed) != self.digest {
            return Err("its checksum is wrong".to_owned());
        }
        let Encoding::Gzip = self.encoding;
        let mut content = Vec::new();
        // No more than the head says: a few bytes can be unpacked to any length.
        let read = GzDecoder::new(packed).take(self.size + 1).read_to_end(&mut content);
        read.map_err(|error| format!("it cannot be unpacked: {error}"))?;
        if content.len() as u64 == self.size { Ok(content) } else { Err("its length is wrong".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::from_json;

    #[test]
    fn what_is_packed_is_unpacked_and_nothing_else_is() {
        let content = b"{\"a\": 1}".repeat(1000);
        let packed = pack(&content).unwrap();
        assert!(packed.bytes.len() < content.len() / 10 && packed.fits_the_head());
        let layout = packed.layout(Slot::Inline);
        assert_eq!(layout.unpack(&packed.bytes).unwrap(), content);
        let mut other = packed.bytes.clone();
        other[20] ^= 1;
        assert!(layout.unpack(&other).is_err());
        assert!(layout.unpack(&[]).is_err());
        let longer = Layout { size: layout.size - 1, ..layout };
        assert!(longer.unpack(&packed.bytes).is_err());
    }

    /// The digest in the head is over what is packed, so that not even the header of the archive may be another one.
    #[test]
    fn what_is_packed_and_then_damaged_is_refused() {
        let packed = pack(b"{\"a\": 1}").unwrap();
        let layout = packed.layout(Slot::Inline);
        for at in 0..packed.bytes.len() {
            assert!(layout.unpack(&packed.bytes[..at]).is_err(), "cut at byte {at}");
            for bit in 0..8 {
                let mut flipped = packed.bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(layout.unpack(&flipped).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_layout_that_is_damaged_is_refused_or_means_the_same_content() {
        let content = b"{\"a\": 1}";
        let packed = pack(content).unwrap();
        let text = serde_json::to_vec(&packed.layout(Slot::Inline)).unwrap();
        for at in 0..text.len() {
            assert!(from_json::<Layout>(&text[..at]).is_err(), "cut at byte {at}");
            for bit in 0..8 {
                let mut flipped = text.clone();
                flipped[at] ^= 1 << bit;
                let unpacked = from_json::<Layout>(&flipped)
                    .map_err(|error| error.to_string())
                    .and_then(|layout| layout.unpack(&packed.bytes));
                // What is in the head itself has no chunks to count.
                assert!(unpacked.is_err() || unpacked.as_deref() == Ok(content), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_long_content_is_cut_and_the_slots_take_turns() {
        let noise: Vec<u8> = (0..2 * LONGEST).map(|_| rand::random()).collect();
        let packed = pack(&noise).unwrap();
        assert!(!packed.fits_the_head() && packed.fits_the_chunks());
        let layout = packed.layout(Slot::Inline.next());
        assert_eq!((layout.slot, layout.chunks), (Slot::A, 3));
        let joined: Vec<u8> = packed.chunks().flatten().copied().collect();
        assert_eq!(layout.unpack(&joined).unwrap(), noise);
        assert_eq!((Slot::A.next(), Slot::B.next()), (Slot::B, Slot::A));
    }
}
