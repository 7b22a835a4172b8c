//! What is asked of a name server, and what its answers say.

use std::collections::BTreeSet;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData, Record as WireRecord, RecordType as WireType};

use super::session::Session;
use crate::provider::dns::content::{Content, NamedText, Names, Record};
use crate::resource::record_set::{RecordType, RecordValue, domain_name};
use crate::resource::{Problem, ProblemKind};

/// A name as the protocol has it.
///
/// # Errors
/// It is no name of DNS.
pub(super) fn name_of(text: &str) -> Result<Name, Problem> {
    let mut name = Name::from_ascii(text).map_err(|error| {
        Problem::new(ProblemKind::Settings, format!("`{text}` is no name of DNS: {error}"))
            .help("correct the name")
    })?;
    name.set_fqdn(true);
    Ok(name)
}

/// The name in the form in which names are compared.
pub(super) fn text_of(name: &Name) -> String {
    let text = name.to_ascii();
    domain_name(&text).unwrap_or(text)
}

/// The type as the protocol has it.
pub(super) fn wire_type(record_type: RecordType) -> WireType {
    match record_type {
        RecordType::A => WireType::A,
        RecordType::Aaaa => WireType::AAAA,
        RecordType::Cname => WireType::CNAME,
        RecordType::Txt => WireType::TXT,
    }
}

/// What stands at the names of a record set.
///
/// # Errors
/// The server does not answer, or does not answer for them.
pub(super) async fn content(session: &mut Session, names: &Names) -> Result<Content, Problem> {
    let mut records = BTreeSet::new();
    for record_type in names.types {
        records.extend(records_at(session, &names.name, *record_type).await?);
    }
    let marker = records_at(session, &names.marker, RecordType::Txt).await?;
    let marker = marker.into_iter().map(|record| record.value.to_string()).collect();
    Ok(Content { records, marker })
}

/// The records of this type at the name.
async fn records_at(
    session: &mut Session,
    name: &str,
    record_type: RecordType,
) -> Result<Vec<Record>, Problem> {
    let answer = ask(session, name, wire_type(record_type)).await?;
    if !answer.metadata.authoritative {
        return Err(elsewhere(session.server(), name, &answer));
    }
    Ok(records_of(&answer.answers, name, record_type))
}

/// Asks for the records of a type; that there is none is an answer too.
pub(super) async fn ask(
    session: &mut Session,
    name: &str,
    record_type: WireType,
) -> Result<Message, Problem> {
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Query;
    // Some of those who are asked only know who to ask.
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name_of(name)?, record_type));
    let answer = session.ask(message).await?;
    match answer.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => Ok(answer),
        _ => Err(session.refusal(&answer, &format!("to be asked for {name}"))),
    }
}

/// The texts in a zone, each with its name.
///
/// # Errors
/// The server does not list the zone.
pub(super) async fn texts_in(session: &mut Session, zone: &str) -> Result<Vec<NamedText>, Problem> {
    let mut message = Message::query();
    message.add_query(Query::query(name_of(zone)?, WireType::AXFR));
    let (mut texts, mut ends) = (Vec::new(), 0);
    let part = |session: &Session, part: &Message| {
        if part.metadata.response_code != ResponseCode::NoError {
            return Err(session.refusal(part, &format!("to list the zone {zone}")));
        }
        for record in &part.answers {
            if record.record_type() == WireType::SOA {
                ends += 1;
            } else if let Some(RecordValue::Txt(text)) = value_of(&record.data) {
                texts.push(NamedText { name: text_of(&record.name), text });
            }
        }
        // The list begins and ends with the same record (RFC 5936, 2.2).
        match ends {
            0 => Err(session.odd(&format!("it is no list of the zone {zone}"))),
            ends => Ok(ends == 1),
        }
    };
    session.ask_for_parts(message, part).await?;
    Ok(texts)
}

/// The records of this type that an answer has for this name; not those of a name that it leads to.
pub(super) fn records_of(answers: &[WireRecord], name: &str, record_type: RecordType) -> Vec<Record> {
    let of_name = answers.iter().filter(|record| text_of(&record.name) == name);
    let found = of_name.filter_map(|record| {
        Some(Record { value: value_of(&record.data)?, ttl: record.ttl, proxied: false })
    });
    found.filter(|record| record.value.record_type() == record_type).collect()
}

/// The value of a record; `None` for a type that regplan does not write.
pub(super) fn value_of(data: &RData) -> Option<RecordValue> {
    match data {
        RData::A(address) => Some(RecordValue::A(address.0)),
        RData::AAAA(address) => Some(RecordValue::Aaaa(address.0)),
        RData::CNAME(name) => Some(RecordValue::Cname(text_of(&name.0))),
        RData::TXT(text) => Some(RecordValue::Txt(whole_text(text))),
        _ => None,
    }
}

/// The strings of a text as one.
pub(super) fn whole_text(text: &TXT) -> String {
    let bytes: Vec<u8> = text.txt_data.iter().flatten().copied().collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The texts at the names, each with its name and as it is cut into strings. Updates compare the strings one by one.
///
/// # Errors
/// The server does not answer.
pub(super) async fn texts(session: &mut Session, names: &Names) -> Result<Vec<(String, TXT)>, Problem> {
    let own = names.types.contains(&RecordType::Txt).then_some(&names.name);
    let mut found = Vec::new();
    for name in own.into_iter().chain([&names.marker]) {
        let answer = ask(session, name, WireType::TXT).await?;
        let of_name = answer.answers.into_iter().filter(|record| text_of(&record.name) == *name);
        found.extend(of_name.filter_map(|record| match record.data {
            RData::TXT(text) => Some((name.clone(), text)),
            _ => None,
        }));
    }
    Ok(found)
}

/// The types of the records at a name that do not belong to the set, as the server answers for it. What signs others is left
/// out.
///
/// # Errors
/// The server does not answer.
pub(super) async fn other_types(session: &mut Session, names: &Names) -> Result<BTreeSet<WireType>, Problem> {
    let answer = ask(session, &names.name, WireType::ANY).await?;
    let of_name = answer.answers.iter().filter(|record| text_of(&record.name) == names.name);
    let types = of_name.map(WireRecord::record_type);
    let belongs = |found: &WireType| names.types.iter().any(|own| wire_type(*own) == *found);
    let signs = |found: &WireType| {
        matches!(found, WireType::RRSIG | WireType::NSEC | WireType::NSEC3 | WireType::HINFO)
    };
    Ok(types.filter(|found| !belongs(found) && !signs(found)).collect())
}

fn elsewhere(server: &str, name: &str, answer: &Message) -> Problem {
    let below = answer.authorities.iter().find(|record| record.record_type() == WireType::NS);
    let message = match below {
        Some(record) => format!("{name} lies in the zone {}, which is another one", text_of(&record.name)),
        None => format!("the name server {server} is not authoritative for {name}"),
    };
    Problem::new(ProblemKind::Settings, message)
        .help("give the `zone` in which the name lies, and a server that keeps it")
}

/// Reads an answer as it comes from the network: what a fuzzer may try. The number of records that are understood.
#[doc(hidden)]
pub fn read_answer(bytes: &[u8]) -> usize {
    let Ok(answer) = Message::from_vec(bytes) else { return 0 };
    if answer.metadata.message_type != MessageType::Response {
        return 0;
    }
    let names: BTreeSet<String> = answer.answers.iter().map(|record| text_of(&record.name)).collect();
    let types = [RecordType::A, RecordType::Aaaa, RecordType::Cname, RecordType::Txt];
    let found =
        names.iter().flat_map(|name| types.map(|found| records_of(&answer.answers, name, found).len()));
    found.sum()
}
