//! Lists of the objects whose names begin with a prefix, in the words of each store.

use std::fmt::Write as _;

use super::{Answer, Cloud, Objects, tag};

/// The answer to who asks for a list by these parameters.
pub(super) fn answer(cloud: Cloud, query: &str, objects: &Objects) -> Answer {
    let parameters = url::form_urlencoded::parse(query.as_bytes());
    let prefix =
        parameters.into_iter().find(|(name, _)| name == "prefix").map(|(_, prefix)| prefix.into_owned());
    let prefix = prefix.unwrap_or_default();
    let listed = objects.kept.iter().filter(|(name, _)| name.starts_with(&prefix));
    let entries = listed.fold(String::new(), |mut text, (name, (body, generation))| {
        let _ = match cloud {
            Cloud::Gcs => write!(
                text,
                "<Contents><Key>{name}</Key><Size>{}</Size><LastModified>2026-11-26T20:00:00Z</LastModified>\
                 <ETag>\"of-{generation}\"</ETag></Contents>",
                body.len()
            ),
            Cloud::Azblob => write!(
                text,
                "<Blob><Name>{name}</Name><Properties><Last-Modified>Thu, 26 Nov 2026 20:00:00 GMT</Last-Modified>\
                 <Content-Length>{}</Content-Length><Content-Type>application/json</Content-Type>\
                 <Etag>{}</Etag></Properties></Blob>",
                body.len(),
                tag(*generation)
            ),
        };
        text
    });
    let body = match cloud {
        Cloud::Gcs => format!("<ListBucketResult>{entries}</ListBucketResult>"),
        Cloud::Azblob => format!("<EnumerationResults><Blobs>{entries}</Blobs></EnumerationResults>"),
    };
    Answer { status: 200, headers: "Content-Type: application/xml\r\n".into(), body: body.into_bytes() }
}
