//! What came of looking at registries, as the XML that CI systems read (`JUnit`'s).

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::report::format::escape::escape;
use crate::verify::{Finding, Outcome, Verification};

/// All of it: a suite for each registry, a test for each check.
///
/// # Errors
/// It cannot be written as XML.
pub fn verify_junit(all: &[Verification]) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let (tests, failures, skipped) = totals(all);
    let head = writer.create_element("testsuites").with_attributes([
        ("name", "regplan verify"),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("skipped", skipped.as_str()),
    ]);
    head.write_inner_content(|writer| all.iter().try_for_each(|one| suite(writer, one)))?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

fn totals(all: &[Verification]) -> (String, String, String) {
    let tests: usize = all.iter().map(|one| one.findings.len()).sum();
    let count = |name: &str| all.iter().map(|one| one.count(name)).sum::<usize>();
    (tests.to_string(), count("failed").to_string(), (count("skipped") + count("not_needed")).to_string())
}

fn suite(writer: &mut Writer<Vec<u8>>, one: &Verification) -> io::Result<()> {
    let (tests, failures, skipped) = totals(std::slice::from_ref(one));
    let time = seconds(one.findings.iter().map(|finding| finding.took).sum());
    let (name, at) = (one.registry.to_string(), one.at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    let suite = writer.create_element("testsuite").with_attributes([
        ("name", name.as_str()),
        ("timestamp", at.as_str()),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", "0"),
        ("skipped", skipped.as_str()),
        ("time", time.as_str()),
    ]);
    suite.write_inner_content(|writer| {
        one.findings.iter().try_for_each(|finding| test(writer, &name, finding))
    })?;
    Ok(())
}

fn test(writer: &mut Writer<Vec<u8>>, suite: &str, finding: &Finding) -> io::Result<()> {
    let time = seconds(finding.took);
    let test = writer.create_element("testcase").with_attributes([
        ("classname", suite),
        ("name", finding.check.name()),
        ("time", time.as_str()),
    ]);
    match &finding.outcome {
        Outcome::Passed(found) => {
            test.write_inner_content(|writer| {
                writer.create_element("system-out").write_text_content(BytesText::new(&escape(found)))?;
                Ok(())
            })?;
        }
        Outcome::Failed(fault) => {
            test.write_inner_content(|writer| {
                let (reason, fix) = (escape(&fault.reason), format!("fix: {}", escape(&fault.fix)));
                writer
                    .create_element("failure")
                    .with_attributes([("type", fault.code), ("message", reason.as_str())])
                    .write_text_content(BytesText::new(&fix))?;
                Ok(())
            })?;
        }
        Outcome::NotNeeded(reason) | Outcome::Hindered { reason, .. } => {
            test.write_inner_content(|writer| {
                let reason = escape(reason);
                writer
                    .create_element("skipped")
                    .with_attribute(("message", reason.as_str()))
                    .write_empty()?;
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::resource::BlockAddress;
    use crate::verify::{Check, Fault};

    #[test]
    fn each_check_is_a_test() {
        let finding = |check, outcome| Finding { check, outcome, took: Duration::from_millis(12) };
        let one = Verification {
            registry: BlockAddress::new("registry", "main"),
            url: "https://r.example.com/".into(),
            at: Timestamp::UNIX_EPOCH,
            findings: vec![
                finding(Check::Port, Outcome::Passed("192.0.2.7:443".into())),
                finding(
                    Check::Push,
                    Outcome::Failed(Fault::new("body-too-large", "<b> & \u{1b}", "raise it")),
                ),
                finding(Check::Pull, Outcome::Hindered { reason: "it stands on `push`".into(), fix: None }),
            ],
        };
        insta::assert_snapshot!(verify_junit(&[one]).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="regplan verify" tests="3" failures="1" skipped="1">
          <testsuite name="registry.main" timestamp="1970-01-01T00:00:00" tests="3" failures="1" errors="0" skipped="1" time="0.036">
            <testcase classname="registry.main" name="port" time="0.012">
              <system-out>192.0.2.7:443</system-out>
            </testcase>
            <testcase classname="registry.main" name="push" time="0.012">
              <failure type="body-too-large" message="&lt;b&gt; &amp; \u{1b}">fix: raise it</failure>
            </testcase>
            <testcase classname="registry.main" name="pull" time="0.012">
              <skipped message="it stands on `push`"/>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
