//! Files that tests bring in, made here.

/// A small picture; each seed another one.
pub fn png(seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_fn(64, 48, |x, y| image::Luma([(x * 3 + y * (seed + 1)) as u8]));
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// One camera, one LiDAR, in KITTI's layout.
pub fn scene() -> Vec<(&'static str, Vec<u8>)> {
    let calib = "P2: 70 0 32 7 0 70 24 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n\
                 Tr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27\n";
    let mut sweep = Vec::new();
    for n in 0..500_u16 {
        let angle = f32::from(n) * 0.01;
        for value in [12.0 * angle.cos(), 12.0 * angle.sin(), -1.7, 0.3] {
            sweep.extend_from_slice(&value.to_le_bytes());
        }
    }
    vec![
        ("image_2/000000.png", png(7)),
        ("velodyne/000000.bin", sweep),
        ("calib/000000.txt", calib.as_bytes().to_vec()),
    ]
}

/// Group and element number.
type Tag = (u16, u16);

/// The same slice of a third study.
pub fn third_slice() -> Vec<u8> {
    let (mut bytes, own) = (slice(), b"1.2.3.4.");
    for start in 0..bytes.len() - own.len() {
        if bytes[start..].starts_with(own) {
            bytes[start + 6] = b'5';
        }
    }
    bytes
}

/// A CT slice of 8 by 8 pixels in explicit VR little endian.
pub fn slice() -> Vec<u8> {
    slice_of("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.1")
}

/// The same under a SOP class, as an instance in a study of its own.
pub fn slice_of(class: &str, instance: &str) -> Vec<u8> {
    let text = |value: &str| {
        let mut bytes = value.as_bytes().to_vec();
        bytes.resize(bytes.len().next_multiple_of(2), b' ');
        bytes
    };
    let uid = |value: &str| {
        let mut bytes = value.as_bytes().to_vec();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let number = |value: u16| value.to_le_bytes().to_vec();
    let mut meta = Vec::new();
    element(&mut meta, (2, 2), b"UI", &uid(class));
    element(&mut meta, (2, 3), b"UI", &uid(instance));
    element(&mut meta, (2, 0x10), b"UI", &uid("1.2.840.10008.1.2.1"));
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    element(&mut out, (2, 0), b"UL", &u32::try_from(meta.len()).unwrap().to_le_bytes());
    out.extend(meta);
    let pixels: Vec<u8> = (0..64_u16).flat_map(|n| (n * 10).to_le_bytes()).collect();
    let data: [(Tag, &[u8; 2], Vec<u8>); 19] = [
        ((8, 8), b"CS", text("ORIGINAL\\PRIMARY\\AXIAL")),
        ((8, 0x16), b"UI", uid(class)),
        ((8, 0x18), b"UI", uid(instance)),
        ((8, 0x60), b"CS", text("CT")),
        ((0x20, 0x0d), b"UI", uid(&format!("{instance}.2"))),
        ((0x20, 0x0e), b"UI", uid(&format!("{instance}.3"))),
        ((0x20, 0x13), b"IS", text("1")),
        ((0x28, 2), b"US", number(1)),
        ((0x28, 4), b"CS", text("MONOCHROME2")),
        ((0x28, 0x10), b"US", number(8)),
        ((0x28, 0x11), b"US", number(8)),
        ((0x28, 0x30), b"DS", text("1\\1")),
        ((0x28, 0x100), b"US", number(16)),
        ((0x28, 0x101), b"US", number(16)),
        ((0x28, 0x102), b"US", number(15)),
        ((0x28, 0x103), b"US", number(0)),
        ((0x28, 0x1052), b"DS", text("-1024")),
        ((0x28, 0x1053), b"DS", text("1")),
        ((0x7fe0, 0x10), b"OW", pixels),
    ];
    for (tag, vr, value) in data {
        element(&mut out, tag, vr, &value);
    }
    out
}

fn element(out: &mut Vec<u8>, (group, number): Tag, vr: &[u8; 2], value: &[u8]) {
    out.extend_from_slice(&group.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(vr);
    if vr == b"OW" {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
    }
    out.extend_from_slice(value);
}

/// The same slice of another study, of somebody else.
pub fn other_slice() -> Vec<u8> {
    let mut bytes = slice();
    let (from, to) = (b"1.2.3.4", b"1.2.3.9");
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}
