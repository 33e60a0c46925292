//! Transfer syntaxes: how the data set is written and how its pixels are coded.

/// How the pixels of an instance are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Uncompressed.
    Native,
    /// JPEG baseline (process 1).
    JpegBaseline,
    /// JPEG extended (processes 2 and 4): 8 and 12 bits.
    JpegExtended,
    /// JPEG lossless (process 14).
    JpegLossless,
    /// JPEG-LS, lossless or near-lossless.
    JpegLs,
    /// JPEG 2000 and high-throughput JPEG 2000.
    Jpeg2000,
    /// JPEG XL.
    JpegXl,
    /// DICOM's run-length coding.
    Rle,
    /// Each frame deflated on its own.
    DeflatedFrame,
    /// Known by name, but without a decoder here.
    None,
}

/// How the data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub explicit: bool,
    pub big_endian: bool,
    pub deflated: bool,
}

const EXPLICIT: Layout = Layout { explicit: true, big_endian: false, deflated: false };

/// Explicit VR Little Endian: what every native data set is written as.
pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";

/// JPEG XL whose samples are those of the data set.
pub(crate) const JPEG_XL_LOSSLESS: &str = "1.2.840.10008.1.2.4.110";

/// A transfer syntax of the registry (PS3.6 Annex A).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    pub uid: &'static str,
    pub name: &'static str,
    pub coding: Coding,
    pub layout: Layout,
}

const fn encapsulated(uid: &'static str, name: &'static str, coding: Coding) -> Syntax {
    Syntax { uid, name, coding, layout: EXPLICIT }
}

const fn native(uid: &'static str, name: &'static str, layout: Layout) -> Syntax {
    Syntax { uid, name, coding: Coding::Native, layout }
}

const SYNTAXES: &[Syntax] = &[
    native("1.2.840.10008.1.2", "Implicit VR Little Endian", Layout { explicit: false, ..EXPLICIT }),
    native(EXPLICIT_LITTLE, "Explicit VR Little Endian", EXPLICIT),
    native(
        "1.2.840.10008.1.2.1.99",
        "Deflated Explicit VR Little Endian",
        Layout { deflated: true, ..EXPLICIT },
    ),
    native("1.2.840.10008.1.2.2", "Explicit VR Big Endian", Layout { big_endian: true, ..EXPLICIT }),
    encapsulated("1.2.840.10008.1.2.8.1", "Deflated Image Frame", Coding::DeflatedFrame),
    encapsulated("1.2.840.10008.1.2.4.50", "JPEG Baseline", Coding::JpegBaseline),
    encapsulated("1.2.840.10008.1.2.4.51", "JPEG Extended", Coding::JpegExtended),
    encapsulated("1.2.840.10008.1.2.4.57", "JPEG Lossless", Coding::JpegLossless),
    encapsulated("1.2.840.10008.1.2.4.70", "JPEG Lossless SV1", Coding::JpegLossless),
    encapsulated("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", Coding::JpegLs),
    encapsulated("1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", Coding::JpegLs),
    encapsulated("1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.4.91", "JPEG 2000", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Lossless", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.4.201", "HTJ2K Lossless", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.4.202", "HTJ2K Lossless RPCL", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.4.203", "HTJ2K", Coding::Jpeg2000),
    encapsulated("1.2.840.10008.1.2.5", "RLE Lossless", Coding::Rle),
    encapsulated("1.2.840.10008.1.2.4.100", "MPEG-2 Main Profile", Coding::None),
    encapsulated("1.2.840.10008.1.2.4.101", "MPEG-2 High Level", Coding::None),
    encapsulated("1.2.840.10008.1.2.4.102", "MPEG-4 AVC High Profile", Coding::None),
    encapsulated("1.2.840.10008.1.2.4.103", "MPEG-4 AVC BD", Coding::None),
    encapsulated("1.2.840.10008.1.2.4.107", "HEVC Main", Coding::None),
    encapsulated("1.2.840.10008.1.2.4.108", "HEVC Main 10", Coding::None),
    encapsulated(JPEG_XL_LOSSLESS, "JPEG XL Lossless", Coding::JpegXl),
    encapsulated("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", Coding::JpegXl),
    encapsulated("1.2.840.10008.1.2.4.112", "JPEG XL", Coding::JpegXl),
];

/// What stands in for a syntax that the registry does not have. The standard makes all encapsulated
/// syntaxes explicit little endian, and the reader looks at the first element anyway.
const UNREGISTERED: Syntax = encapsulated("", "unregistered", Coding::None);

/// The registry's entry of a UID.
pub(crate) fn syntax(uid: &str) -> Syntax {
    SYNTAXES.iter().find(|s| s.uid == uid).copied().unwrap_or(UNREGISTERED)
}

/// How a transfer syntax codes its pixels; [`Coding::None`] for one that has no decoder here.
#[must_use]
pub fn coding(transfer_syntax_uid: &str) -> Coding {
    syntax(transfer_syntax_uid).coding
}
