//! The types of files, told by how they begin.

/// The type of a receipt's file, as its beginning shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaType {
    /// `application/pdf`
    Pdf,
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/gif`
    Gif,
    /// `image/heic` or `image/heif`
    Heif,
    /// `application/postscript`
    PostScript,
    /// `application/xml` or `text/xml`
    Xml,
    /// A type that is not known here, of a receipt for which Pleo does not name one that is.
    Other,
}

/// How many bytes of a file tell its type: a PDF may begin later than its first byte.
pub(super) const BEGINNING: usize = 1024;

/// A type with its names, the extension of its files, and how they begin.
type Row = (MediaType, &'static [&'static str], &'static str, fn(&[u8]) -> bool);

const TYPES: &[Row] = &[
    (MediaType::Pdf, &["application/pdf"], "pdf", |file| file.windows(5).any(|part| part == b"%PDF-")),
    (MediaType::Jpeg, &["image/jpeg"], "jpg", |file| file.starts_with(b"\xff\xd8\xff")),
    (MediaType::Png, &["image/png"], "png", |file| file.starts_with(b"\x89PNG\r\n\x1a\n")),
    (MediaType::Gif, &["image/gif"], "gif", |file| {
        file.starts_with(b"GIF87a") || file.starts_with(b"GIF89a")
    }),
    (MediaType::Heif, &["image/heic", "image/heif"], "heic", is_heif),
    (MediaType::PostScript, &["application/postscript"], "ps", |file| file.starts_with(b"%!")),
    (MediaType::Xml, &["application/xml", "text/xml"], "xml", |file| is_markup(file) && !is_html(file)),
];

/// ISO/IEC 23008-12, section 10: a file type box with one of these brands.
fn is_heif(file: &[u8]) -> bool {
    const BRANDS: [&[u8]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];
    file.get(4..8) == Some(b"ftyp") && file.get(8..12).is_some_and(|brand| BRANDS.contains(&brand))
}

/// A file behind its byte order mark and white space.
fn text(file: &[u8]) -> &[u8] {
    file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file).trim_ascii_start()
}

fn is_markup(file: &[u8]) -> bool {
    matches!(text(file), [b'<', next, ..] if next.is_ascii_alphabetic() || b"?!_".contains(next))
}

fn is_html(file: &[u8]) -> bool {
    let text = text(file).to_ascii_lowercase();
    text.starts_with(b"<html") || text.starts_with(b"<!doctype html")
}

impl MediaType {
    /// The extension of such a file.
    pub fn extension(self) -> &'static str {
        TYPES.iter().find(|(known, ..)| *known == self).map_or("bin", |(_, _, extension, _)| extension)
    }

    /// All extensions.
    pub(super) fn extensions() -> impl Iterator<Item = &'static str> {
        TYPES.iter().map(|(_, _, extension, _)| *extension).chain([Self::Other.extension()])
    }

    /// The type that Pleo names, if it is one that can be told from a file.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        TYPES.iter().find(|(_, names, ..)| names.contains(&&*name)).map(|(known, ..)| *known)
    }

    /// The type of a file that begins like this. `None` for an HTML page, which hosts send instead of files.
    pub(super) fn found(beginning: &[u8]) -> Option<Self> {
        let found = TYPES.iter().find(|(.., begins)| begins(beginning)).map(|(known, ..)| *known);
        found.or_else(|| (!beginning.is_empty() && !is_html(beginning)).then_some(Self::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_like() {
        let long = [&[b' '; 900][..], b"%PDF-1.7"].concat();
        for (file, found) in [
            (&b"%PDF-1.4\n"[..], Some(MediaType::Pdf)),
            (&long, Some(MediaType::Pdf)),
            (b"\xff\xd8\xff\xe0", Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0", Some(MediaType::Png)),
            (b"GIF89a", Some(MediaType::Gif)),
            (b"\0\0\0\x18ftypheic\0\0\0\0", Some(MediaType::Heif)),
            (b"\0\0\0\x18ftypisom\0\0\0\0", Some(MediaType::Other)),
            (b"%!PS-Adobe-3.0", Some(MediaType::PostScript)),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", Some(MediaType::Xml)),
            (b" <Invoice>", Some(MediaType::Xml)),
            (b"<!DOCTYPE html><html>", None),
            (b"<HTML>", None),
            (b"", None),
            (b"plain", Some(MediaType::Other)),
        ] {
            assert_eq!(MediaType::found(file), found, "{:?}", String::from_utf8_lossy(file));
        }
    }

    #[test]
    fn pleo_names_types_by_their_media_type() {
        assert_eq!(MediaType::named("Image/JPEG; charset=binary"), Some(MediaType::Jpeg));
        assert_eq!(MediaType::named("text/xml").map(MediaType::extension), Some("xml"));
        assert_eq!(MediaType::named("unknown"), None);
        assert_eq!(MediaType::Other.extension(), "bin");
    }
}
