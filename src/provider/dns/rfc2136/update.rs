//! The messages that change records, and only where what stands there is what is expected (RFC 2136, 2.4 and 2.5).

use hickory_proto::op::{Message, OpCode, Query, ResponseCode, UpdateMessage as _};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record as WireRecord, RecordType as WireType};

use super::question::{name_of, text_of, texts, whole_text, wire_type};
use super::refusal;
use super::session::Session;
use crate::provider::dns::content::{Content, Names};
use crate::provider::dns::keeper::Fault;
use crate::resource::record_set::{RecordType, RecordValue};
use crate::resource::{Problem, ProblemKind};

/// How long one string of a text is at most, in bytes.
const LONGEST_STRING: usize = 255;
/// For how long others may remember a marker, in seconds.
const MARKER_TTL: u32 = 300;

/// Whether this stands at the names, as the server itself compares it. Nothing is changed, and the key is tried.
///
/// # Errors
/// The server does not answer, or does not let us.
pub(super) async fn holds(session: &mut Session, names: &Names, content: &Content) -> Result<bool, Problem> {
    let texts = texts(session, names).await?;
    is_met(session, names, Draft::new(names)?.with_texts(texts).expect(content)?).await
}

/// Whether records of this type stand at the name. What a wildcard answers for it does not.
///
/// # Errors
/// The server does not answer, or does not let us.
pub(super) async fn stands(
    session: &mut Session,
    names: &Names,
    name: &str,
    record_type: WireType,
) -> Result<bool, Problem> {
    let mut draft = Draft::new(names)?;
    draft.message.add_pre_requisite(whole_set(name_of(name)?, record_type, DNSClass::ANY));
    is_met(session, names, draft).await
}

/// What of this content stands at the names, set by set.
///
/// # Errors
/// The server does not answer, or does not let us.
pub(super) async fn standing(
    session: &mut Session,
    names: &Names,
    content: &Content,
) -> Result<Content, Problem> {
    let mut standing = Content::default();
    for record_type in content.types() {
        if stands(session, names, &names.name, wire_type(record_type)).await? {
            standing.records.extend(content.of_type(record_type).cloned());
        }
    }
    if !content.marker.is_empty() && stands(session, names, &names.marker, WireType::TXT).await? {
        standing.marker.clone_from(&content.marker);
    }
    Ok(standing)
}

/// Whether the conditions of an update are met that changes nothing.
async fn is_met(session: &mut Session, names: &Names, draft: Draft) -> Result<bool, Problem> {
    let answer = session.ask(draft.message).await?;
    match answer.metadata.response_code {
        ResponseCode::NoError => Ok(true),
        _ if refusal::is_unmet(&answer) => Ok(false),
        _ => Err(session.refusal(&answer, &format!("an update of {}", names.name))),
    }
}

/// Puts `after` in the place of `before`, in one message.
///
/// # Errors
/// Something else stands there, the server does not let us, or no answer came.
pub(super) async fn replace(
    session: &mut Session,
    names: &Names,
    before: &Content,
    after: &Content,
) -> Result<(), Fault> {
    let texts = texts(session, names).await.map_err(Fault::NotDone)?;
    let draft =
        Draft::new(names).and_then(|draft| draft.with_texts(texts).expect(before)?.replace(before, after));
    let message = draft.map_err(Fault::NotDone)?.message;
    let answer = session.ask(message).await.map_err(Fault::Lost)?;
    match answer.metadata.response_code {
        ResponseCode::NoError => Ok(()),
        _ if refusal::is_unmet(&answer) => Err(Fault::NotDone(refusal::moved(&names.name))),
        _ => {
            let about = format!("an update of {} and {}", names.name, names.marker);
            let problem = session.refusal(&answer, &about);
            let is_lost = problem.kind == ProblemKind::Unreachable;
            Err(if is_lost { Fault::Lost(problem) } else { Fault::NotDone(problem) })
        }
    }
}

/// An update on its way.
struct Draft {
    message: Message,
    types: &'static [RecordType],
    name: Name,
    marker: Name,
    /// The texts that stand there, as they are cut into strings.
    texts: Vec<(String, TXT)>,
}

impl Draft {
    fn new(names: &Names) -> Result<Self, Problem> {
        let mut message = Message::query();
        message.metadata.op_code = OpCode::Update;
        message.metadata.recursion_desired = false;
        message.add_zone(Query::query(name_of(&names.zone)?, WireType::SOA));
        let (name, marker) = (name_of(&names.name)?, name_of(&names.marker)?);
        Ok(Self { message, types: names.types, name, marker, texts: Vec::new() })
    }

    /// Knows these texts. Others may cut theirs elsewhere than we do.
    fn with_texts(self, texts: Vec<(String, TXT)>) -> Self {
        Self { texts, ..self }
    }

    /// Only where exactly this stands at the names.
    fn expect(mut self, content: &Content) -> Result<Self, Problem> {
        for record_type in self.types {
            let values: Vec<RecordValue> =
                content.of_type(*record_type).map(|record| record.value.clone()).collect();
            self.expect_set(self.name.clone(), *record_type, &values)?;
        }
        let marker: Vec<RecordValue> = content.marker.iter().cloned().map(RecordValue::Txt).collect();
        self.expect_set(self.marker.clone(), RecordType::Txt, &marker)?;
        Ok(self)
    }

    fn expect_set(
        &mut self,
        name: Name,
        record_type: RecordType,
        values: &[RecordValue],
    ) -> Result<(), Problem> {
        if values.is_empty() {
            self.message.add_pre_requisite(whole_set(name, wire_type(record_type), DNSClass::NONE));
            return Ok(());
        }
        for value in values {
            for data in self.as_it_stands(&name, value)? {
                self.message.add_pre_requisite(WireRecord::from_rdata(name.clone(), 0, data));
            }
        }
        Ok(())
    }

    /// A value that stands there, in the form in which it does: a text may do so in several.
    fn as_it_stands(&self, name: &Name, value: &RecordValue) -> Result<Vec<RData>, Problem> {
        let name = text_of(name);
        let is_it = |text: &TXT| matches!(value, RecordValue::Txt(wanted) if whole_text(text) == *wanted);
        let texts = self.texts.iter().filter(|(found, text)| *found == name && is_it(text));
        let found: Vec<RData> = texts.map(|(_, text)| RData::TXT(text.clone())).collect();
        if found.is_empty() { Ok(vec![data(value)?]) } else { Ok(found) }
    }

    /// Takes away what is to go, and then adds what is to be there: the order in which the server does it.
    fn replace(mut self, before: &Content, after: &Content) -> Result<Self, Problem> {
        let changed =
            |record_type: &RecordType| !before.of_type(*record_type).eq(after.of_type(*record_type));
        let types: Vec<RecordType> = self.types.iter().copied().filter(changed).collect();
        for record_type in types.iter().filter(|found| before.of_type(**found).next().is_some()) {
            self.message.add_update(whole_set(self.name.clone(), wire_type(*record_type), DNSClass::ANY));
        }
        for record in types.iter().flat_map(|found| after.of_type(*found)) {
            let added = WireRecord::from_rdata(self.name.clone(), record.ttl, data(&record.value)?);
            self.message.add_update(added);
        }
        if before.marker != after.marker {
            if !before.marker.is_empty() {
                self.message.add_update(whole_set(self.marker.clone(), WireType::TXT, DNSClass::ANY));
            }
            for text in &after.marker {
                let text = data(&RecordValue::Txt(text.clone()))?;
                self.message.add_update(WireRecord::from_rdata(self.marker.clone(), MARKER_TTL, text));
            }
        }
        Ok(self)
    }
}

/// All records of a type at a name; the class says what is meant: `NONE` that there is none, `ANY` that there is some, or that
/// all go.
fn whole_set(name: Name, record_type: WireType, class: DNSClass) -> WireRecord {
    let mut record = WireRecord::update0(name, 0, record_type);
    record.dns_class = class;
    record
}

fn data(value: &RecordValue) -> Result<RData, Problem> {
    Ok(match value {
        RecordValue::A(address) => RData::A(A(*address)),
        RecordValue::Aaaa(address) => RData::AAAA(AAAA(*address)),
        RecordValue::Cname(name) => RData::CNAME(CNAME(name_of(name)?)),
        RecordValue::Txt(text) => {
            RData::TXT(TXT::from_bytes(text.as_bytes().chunks(LONGEST_STRING).collect()))
        }
    })
}
