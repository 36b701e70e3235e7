use super::super::rejection::{SamlRejection, XmlFault};
use super::super::testing::repeat;
use super::*;

fn fault(text: &str) -> Option<XmlFault> {
    fault_within(text, &Limits::MESSAGE)
}

fn fault_within(text: &str, limits: &Limits) -> Option<XmlFault> {
    match Arena::parse(text, limits) {
        Ok(_) => None,
        Err(SamlRejection::Xml { fault, .. }) => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

fn root_text(text: &str, limits: &Limits) -> Option<String> {
    let arena = Arena::parse(text, limits).unwrap();
    arena.root().unwrap().text().map(str::to_owned)
}

const LENIENT: Limits = Limits { comments: Comments::Drop, cdata: Cdata::AsText, ..Limits::MESSAGE };

#[test]
fn honest_documents_are_admitted() {
    for text in [
        "<a/>",
        "<a></a >",
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\r\n<a/>\n",
        "<?xml version='1.0'?><a/>",
        "<é xmlns='urn:x'><b:c xmlns:b='urn:x' b:d=\"1\" d='1'/></é>",
        "<a xmlns='urn:x'><b xmlns=''/><c xmlns='urn:y' xml:lang='en'/></a>",
        "<a>]] ></a>",
        "<a>]]&gt;</a>",
        "<a b='>'>></a>",
        "<a\n\tb = 'c'\r\n/>",
        "<a>\u{85}\u{FFFD}\u{10FFFF}</a>",
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in [
        "",
        " ",
        "a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&amp;",
        "<a",
        "<a b>",
        "<a b=c/>",
        "<a b='1'c='2'/>",
        "<a b='<'/>",
        "<a b='1/>",
        "< a/>",
        "<a></ a>",
        "<a></a b='1'>",
        "<1/>",
        "<a 1='2'/>",
        "<:a/>",
        "<a:/>",
        "<a:b:c xmlns:a='urn:x'/>",
        "<a x:y:z='1'/>",
        "<a>]]></a>",
        "<a/ >",
        "<a//>",
        "<>",
        "<a><></a>",
        "<a/>\u{FEFF}",
        "<a\u{A0}b='1'/>",
        "<!X><a/>",
        "<a><!ELEMENT a></a>",
        "<a b='1' =''/>",
        "<?xml version='1.0'?>",
        "<a>&#60</a>",
        "<a></a></a>",
        "<\u{2190}/>",
        "<a='b'/>",
        "<a<b/>",
        "<a b='c'<d/>",
        "<a></a",
    ] {
        let found = fault(text);
        assert!(matches!(found, Some(XmlFault::IllFormed(_) | XmlFault::Reference)), "{text}: {found:?}");
    }
}

#[test]
fn each_construct_that_is_not_admitted_is_named() {
    let cases = [
        ("\u{FEFF}\u{FEFF}<a/>", XmlFault::IllFormed("a second byte order mark")),
        ("<!DOCTYPE a><a/>", XmlFault::Doctype),
        ("<!doctype a><a/>", XmlFault::Doctype),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XmlFault::Doctype),
        ("<a><!DOCTYPE a></a>", XmlFault::Doctype),
        ("<?pi?><a/>", XmlFault::ProcessingInstruction),
        ("<a><?pi x?></a>", XmlFault::ProcessingInstruction),
        ("<a/><?XML version='1.0'?>", XmlFault::ProcessingInstruction),
        ("<!-- --><a/>", XmlFault::Comment),
        ("<a>b<!-- -->c</a>", XmlFault::Comment),
        ("<a/><!-- -->", XmlFault::Comment),
        ("<a><![CDATA[b]]></a>", XmlFault::Cdata),
        ("<a>&nbsp;</a>", XmlFault::Reference),
        ("<a>&#0;</a>", XmlFault::Reference),
        ("<a>&#xFFFF;</a>", XmlFault::Reference),
        ("<a b='&c;'/>", XmlFault::Reference),
        ("<a>b & c</a>", XmlFault::Reference),
        ("<a>\u{1}</a>", XmlFault::Character),
        ("<a b='\u{0}'/>", XmlFault::Character),
        ("<a>\u{FFFE}</a>", XmlFault::Character),
        ("<a>\u{FFFF}</a>", XmlFault::Character),
        ("<a b='1' b='2'/>", XmlFault::AttributeRepeated),
        ("<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='1'/>", XmlFault::AttributeRepeated),
        ("<a xmlns='urn:x' xmlns='urn:x'/>", XmlFault::AttributeRepeated),
        ("<a xmlns:p='urn:x' xmlns:p='urn:y'/>", XmlFault::AttributeRepeated),
        ("<p:a/>", XmlFault::PrefixUndeclared),
        ("<a p:b='1'/>", XmlFault::PrefixUndeclared),
        ("<a><b xmlns:p='urn:x'/><p:c/></a>", XmlFault::PrefixUndeclared),
        ("<xmlns:a/>", XmlFault::PrefixUndeclared),
        ("<a xmlns='x'/>", XmlFault::NamespaceRelative),
        ("<a xmlns:p='../x'/>", XmlFault::NamespaceRelative),
        ("<a xmlns:p='urn:x y'/>", XmlFault::NamespaceRelative),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), Some(expected), "{text}");
    }
}

#[test]
fn reserved_prefixes_and_namespaces_are_not_rebound() {
    for text in [
        "<a xmlns:p=''/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/2000/xml&#110;s/'/>",
    ] {
        assert!(matches!(fault(text), Some(XmlFault::Namespace(_))), "{text}");
    }
}

#[test]
fn the_prefix_xml_may_be_declared_as_what_it_is_where_that_is_asked_for() {
    let limits = Limits { xml_prefix: XmlPrefix::MayBeDeclared, ..Limits::MESSAGE };
    assert_eq!(fault_within("<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'/>", &limits), None);
    for text in ["<a xmlns:xml='urn:x'/>", "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "<a xmlns:xml=''/>"] {
        assert!(matches!(fault_within(text, &limits), Some(XmlFault::Namespace(_))), "{text}");
    }
}

#[test]
fn the_xml_declaration_is_of_version_1_0_and_utf_8() {
    for declaration in [
        "<?xml?>",
        "<?xml version='1.1'?>",
        "<?xml encoding='UTF-8'?>",
        "<?xml version='1.0' encoding='UTF-16'?>",
        "<?xml version='1.0' encoding='ISO-8859-1'?>",
        "<?xml encoding='UTF-8' version='1.0'?>",
        "<?xml version='1.0' standalone='maybe'?>",
        "<?xml version='1.0' version='1.0'?>",
        "<?xml version='1.0' other='1'?>",
        " <?xml version='1.0'?>",
    ] {
        assert_eq!(fault(&format!("{declaration}<a/>")), Some(XmlFault::Declaration), "{declaration}");
    }
    assert_eq!(fault("<a><?xml version='1.0'?></a>"), Some(XmlFault::Declaration));
}

#[test]
fn the_place_of_a_fault_is_told() {
    let refused = |text| match Arena::parse(text, &Limits::MESSAGE) {
        Err(SamlRejection::Xml { at, in_signature, .. }) => (at, in_signature),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("<a><!-- --></a>"), (3, false));
    assert_eq!(refused("\u{FEFF}<a>\u{1}</a>"), (6, false));
    let signature = "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><b><?c?></b></Signature>";
    assert_eq!(refused(signature), (57, true));
    assert_eq!(refused(&format!("<a>{}<?c?></a>", signature.replace("<?c?>", ""))), (76, false));
}

#[test]
fn text_is_one_node_with_references_resolved_and_line_ends_normalised() {
    let strict = &Limits::MESSAGE;
    assert_eq!(root_text("<a>b&amp;&#x63;\r\nd\re\n&#13;</a>", strict).unwrap(), "b&c\nd\ne\n\r");
    assert_eq!(root_text("<a>\r&#10;\n</a>", strict).unwrap(), "\n\n\n");
    assert_eq!(root_text("<a></a>", strict).unwrap(), "");
    assert_eq!(root_text("<a> <b/></a>", strict), None);
    assert_eq!(root_text("<a>b<c/></a>", strict), None);
}

#[test]
fn comments_and_cdata_are_dropped_and_joined_where_that_is_asked_for() {
    assert_eq!(root_text("<!--x--><a>b<!-- - -->c<!----></a><!---->", &LENIENT).unwrap(), "bc");
    assert_eq!(root_text("<a>b<![CDATA[<c>&amp;]]]]><![CDATA[>\r\n]]>d</a>", &LENIENT).unwrap(), "b<c>&amp;]]>\nd");
    assert_eq!(root_text("<a><![CDATA[]]></a>", &LENIENT).unwrap(), "");
    for text in
        ["<a><!-- -- --></a>", "<a><!-- ---></a>", "<a/><![CDATA[]]>", "<a><!-- </a>", "<a><![CDATA[ </a>", "<a><!-->"]
    {
        assert!(matches!(fault_within(text, &LENIENT), Some(XmlFault::IllFormed(_))), "{text}");
    }
    assert_eq!(fault_within("<a><?b?></a>", &LENIENT), Some(XmlFault::ProcessingInstruction));
    assert_eq!(fault_within("<!DOCTYPE a><a/>", &LENIENT), Some(XmlFault::Doctype));
}

#[test]
fn ways_about_the_arena_lead_where_they_say() {
    let text = "<r xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:p='urn:p'><a i='1' p:i='2'/>x<b><c xmlns=''/></b><a i='3'/></r>";
    let arena = Arena::parse(text, &Limits::MESSAGE).unwrap();
    let root = arena.root().unwrap();
    assert!(root.is(Namespace::METADATA, "r") && root.parent().is_none());
    let children: Vec<_> = root.children().map(Element::expanded_name).collect();
    let metadata = "{urn:oasis:names:tc:SAML:2.0:metadata}";
    assert_eq!(children, [format!("{metadata}a"), format!("{metadata}b"), format!("{metadata}a")]);
    let a = root.child(Namespace::METADATA, "a").unwrap();
    assert_eq!((a.attribute("i"), a.attribute("p"), a.attributes().len()), (Some("1"), None, 2));
    assert_eq!(a.attribute_of(a.attributes()[1].namespace, "i"), Some("2"));
    let c = root.child(Namespace::METADATA, "b").unwrap().children().next().unwrap();
    assert!(c.is(Namespace::NONE, "c") && c.expanded_name() == "c");
    assert_eq!(c.parent().and_then(Element::parent).map(Element::id), Some(root.id()));
    assert_eq!(c.in_scope(Prefix::DEFAULT), Some(Namespace::NONE));
    assert_eq!(c.in_scope(arena.prefix("p").unwrap()).map(|p| arena.namespace_name(p)), Some("urn:p"));
    assert_eq!(arena.elements().count(), 5);
    assert!(!root.is_element_only() && c.is_element_only());
    assert_eq!(format!("{arena:?} {root:?}"), format!("Arena(6 nodes) Element({metadata}r)"));
}

#[test]
fn attributes_stand_in_canonical_order() {
    let text = "<a xmlns:z='urn:a' xmlns:y='urn:b' y:b='' b='' z:c='' z:a='' a='' xml:lang=''/>";
    let arena = Arena::parse(text, &Limits::MESSAGE).unwrap();
    let order: Vec<_> = arena.root().unwrap().attributes().iter().map(|attribute| attribute.qname).collect();
    assert_eq!(order, ["a", "b", "xml:lang", "z:a", "z:c", "y:b"]);
}

/// Each limit refuses what is one over it and nothing less.
#[test]
fn limits_are_reached_and_not_passed() {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    let wide = |attributes: usize| {
        let attributes: String = repeat(attributes, |n| format!(" a{n}=''"));
        format!("<a{attributes}/>")
    };
    let scopes = |depth: usize| "<a xmlns='urn:a'>".repeat(depth) + &"</a>".repeat(depth);
    let nodes = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    let names = |count: usize| {
        let names: String = repeat(count, |n| format!("<a xmlns='urn:{n}'/>"));
        format!("<a>{names}</a>")
    };
    let prefixes = |count: usize| {
        let prefixes: String = repeat(count, |n| format!("<a xmlns:p{n}='urn:x'/>"));
        format!("<a>{prefixes}</a>")
    };
    let long = |length: usize| format!("<a xmlns='urn:{}'/>", "x".repeat(length - 4));
    let limits = Limits { depth: 70, ..Limits::MESSAGE };
    // Two prefixes and eight namespaces are known without being declared.
    let known = (Prefix::KNOWN.len(), Namespace::KNOWN.len());
    for (text, most) in [
        (&deep as &dyn Fn(usize) -> String, 70),
        (&wide, 64),
        (&scopes, 64),
        (&nodes, 20_000),
        (&names, 65 - known.1),
        (&prefixes, 65 - known.0),
        (&long, 256),
    ] {
        assert_eq!(fault_within(&text(most), &limits), None, "{most}");
        let refused = fault_within(&text(most + 1), &limits);
        assert!(matches!(refused, Some(XmlFault::Limit { .. })), "{most}: {refused:?}");
    }
    let long = format!("<a>{}</a>", "x".repeat(Limits::MESSAGE.bytes - 7));
    assert!(Arena::parse(&long, &Limits::MESSAGE).is_ok());
    let refused = Arena::parse(&(long + " "), &Limits::MESSAGE).unwrap_err();
    assert_eq!(refused, SamlRejection::TooLarge { found: 128 * 1024 + 1, limit: 128 * 1024 });
}

/// However large the document may be, what is refused is refused at the limit, not after all of it was taken in.
#[test]
fn exhausting_documents_end_at_a_limit() {
    let open = Limits { bytes: usize::MAX, ..Limits::MESSAGE };
    let attributes: String = repeat(80_000, |n| format!(" a{n}='1'"));
    let declarations: String = repeat(50_000, |n| format!(" xmlns:p{n}='urn:{n}'"));
    let spread: String = repeat(50_000, |n| format!("<a xmlns:p{n}='urn:{n}'/>"));
    let ids: String = repeat(50_000, |n| format!("<a ID='_{n}'/>"));
    for text in [
        format!("<a{attributes}/>"),
        format!("<a{declarations}/>"),
        format!("<a>{spread}</a>"),
        format!("<a>{ids}</a>"),
        "<a>".repeat(10_000),
        "<a xmlns='urn:a'>".repeat(10_000),
    ] {
        let refused = fault_within(&text, &open);
        assert!(matches!(refused, Some(XmlFault::Limit { .. })), "{refused:?}");
        let length = text.len();
        let refused = Arena::parse(&text, &Limits::MESSAGE);
        assert!(refused.is_err(), "{length}");
    }
    // 10 MB of text that is all references is one node of 2 MB.
    let references = format!("<a>{}</a>", "&amp;".repeat(2_000_000));
    assert_eq!(root_text(&references, &open).unwrap().len(), 2_000_000);
}
