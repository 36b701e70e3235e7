//! What a source may multiply costs and hides nothing.

use super::*;

fn traced(mapping: &Mapping, facts: &Facts, detail: Detail) -> Trail {
    let (client, audience) = (ClientId::new("portal"), Audience::new("https://a.example"));
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, detail);
    mapping.apply(facts, &RequestFacts { client: &client, audience: &audience, now: NOW }, &mut trail).unwrap();
    trail
}

#[test]
fn many_undeclared_attributes_push_nothing_out_of_a_record() {
    let mapping = mapping(&with("attributes: { u: { name: u } }\nclaims: { u: u }\nrelease: { x: [u] }\n"));
    let mut attributes: Vec<_> = (0..1000).map(|at| sent(&format!("urn:{at}"), &["x"])).collect();
    attributes.push(sent("u", &["ana"]));
    for detail in [Detail::Record, Detail::Values] {
        let trail = traced(&mapping, &facts(attributes.clone()), detail);
        let noted = trail.steps().iter().filter(|step| step.finding == Finding::Noted);
        let noted: Vec<_> = noted.map(|step| step.subject.as_deref().unwrap()).collect();
        assert_eq!((noted.len(), noted[31], noted[32]), (33, "urn:31", "others"));
        let json = trail.close(crate::decision::Outcome::Issued).to_json();
        assert!(json.contains("\"undeclared\":\"968\"") && !json.contains("steps_omitted"), "{json}");
    }
}

#[test]
fn a_request_that_somebody_waits_for_looks_for_no_likeness() {
    let text = with(
        "attributes: { g: { name: g, many: true }, o: { name: urn:oo, optional: true } }\n\
         claims: { g: { from: g, table: { HR-Readers: r } } }\nrelease: { x: [g] }\n",
    );
    let mapping = mapping(&text);
    let given = facts(vec![sent("g", &["HR-Reader"]), sent("urn:o", &["x"])]);
    let said = |detail: Detail| {
        let steps = traced(&mapping, &given, detail);
        let all = steps.steps().iter().flat_map(|step| step.facts.clone());
        all.map(|fact| format!("{:?}", fact.value)).collect::<Vec<_>>().join(" ")
    };
    assert!(said(Detail::Explain).contains("HR-Readers"));
    let (values, record) = (said(Detail::Values), said(Detail::Record));
    assert!(values.contains("Private(\"HR-Reader\")") && !values.contains("HR-Readers"), "{values}");
    assert!(!record.contains("HR-Reader"), "{record}");
}
