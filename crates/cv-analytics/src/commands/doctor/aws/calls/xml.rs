//! An answer of the Query protocol as a tree: names, texts and children, no more.

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element without its attributes and prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The document's root; `None` where it is not XML.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_reader(body);
        reader.config_mut().expand_empty_elements = true;
        let mut open: Vec<Self> = Vec::new();
        let mut buffer = Vec::new();
        loop {
            match reader.read_event_into(&mut buffer).ok()? {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text += &text;
                    }
                }
                Event::GeneralRef(entity) => {
                    let character = match entity.resolve_char_ref().ok()? {
                        Some(character) => character,
                        None => match &*entity {
                            "lt" => '<',
                            "gt" => '>',
                            "amp" => '&',
                            "apos" => '\'',
                            "quot" => '"',
                            _ => return None,
                        },
                    };
                    open.last_mut()?.text.push(character);
                }
                Event::End(_) => {
                    let closed = open.pop()?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => return Some(closed),
                    }
                }
                Event::Eof => return None,
                _ => {}
            }
            buffer.clear();
        }
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The elements of a list: the children `member` of the child `name`.
    pub(crate) fn members(&self, name: &str) -> impl Iterator<Item = &Self> {
        let list = self.child(name).into_iter();
        list.flat_map(|list| list.children.iter().filter(|child| child.name == "member"))
    }

    /// This element and everything in it.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let inner = self.children.iter().flat_map(Self::all);
        std::iter::once(self).chain(inner).collect()
    }

    pub(crate) fn own_text(&self) -> &str {
        self.text.trim()
    }

    /// The first element of that name, at any depth.
    pub(crate) fn descendant(&self, name: &str) -> Option<&Self> {
        self.child(name).or_else(|| self.children.iter().find_map(|child| child.descendant(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_texts_and_entities_are_read() {
        let body = br#"<?xml version="1.0"?><a:R xmlns:a="x"><L><member>1 &amp; &#50;</member><member/></L><E>e</E></a:R>"#;
        let root = Element::parse(body).unwrap();
        let members: Vec<&str> = root.members("L").map(Element::own_text).collect();
        assert_eq!(members, ["1 & 2", ""]);
        assert_eq!(root.text("E"), Some("e"));
        assert_eq!(root.descendant("member").map(Element::own_text), Some("1 & 2"));
        assert_eq!(root.members("none").count(), 0);
    }

    #[test]
    fn what_is_no_xml_is_nothing() {
        for body in ["", "{}", "<a>", "<a></b>", "<a>&unknown;</a>"] {
            assert_eq!(Element::parse(body.as_bytes()), None, "{body}");
        }
    }
}
