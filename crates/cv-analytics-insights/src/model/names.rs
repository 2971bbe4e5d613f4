//! What people ask about: skills and topics, how they move, and what is asked for together.

use serde::{Deserialize, Serialize};

use super::Thumbs;

/// Whether a name is a skill or a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NameType {
    /// A skill.
    Skill,
    /// What a question without a known skill is about.
    Topic,
}

impl NameType {
    /// The code that stands for it everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Topic => "topic",
        }
    }
}

/// Which way a name moves against what its earlier weeks let expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Asked for significantly more.
    Rising,
    /// Asked for significantly less.
    Falling,
    /// No significant difference.
    Steady,
    /// Rising, and absent from the seven weeks before.
    New,
    /// Falling, and now absent.
    Gone,
    /// Under five conversations in the eight weeks: nothing can be said.
    TooFew,
}

impl Trend {
    /// Whether it grows.
    pub const fn grows(self) -> bool {
        matches!(self, Self::Rising | Self::New)
    }

    /// Whether an arrow may be drawn.
    pub const fn moved(self) -> bool {
        matches!(self, Self::Rising | Self::Falling | Self::New | Self::Gone)
    }
}

/// One skill's week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SkillReport {
    /// The canonical name, or `others`.
    pub skill: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: NameFigures,
    /// The words that were used, in lower case.
    pub variants: Vec<Variant>,
}

/// One topic's week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TopicReport {
    /// The topic's name, `other questions` or `others`.
    pub topic: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: NameFigures,
}

/// The week of a skill or topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NameFigures {
    /// Interactions that are about it.
    pub queries: u64,
    /// Their conversations.
    pub conversations: u64,
    /// Interactions the week before; `None` where that week has no data.
    pub previous: Option<u64>,
    /// Which way it moves.
    pub trend: Trend,
    /// Conversations that the earlier weeks let expect, to one digit; `None` where they are too few.
    pub expected: Option<f64>,
    /// Interactions of eight weeks, oldest first, this one last; `None` for a week without any data.
    pub weeks: Vec<Option<u64>>,
    /// Of this week's interactions those answered with match type full.
    pub full: u64,
    /// With match type partial.
    pub partial: u64,
    /// With match type none.
    pub none: u64,
    /// Without a response.
    pub unanswered: u64,
    /// Of this week's interactions those in a gap of this name, whatever its mark.
    #[serde(default)]
    pub failing: u64,
    /// Visitors' thumbs on its answers; `None` where nobody gave any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Thumbs>,
    /// How many names the row stands for, where it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<u64>,
}

/// The week of each skill and of each topic: type, name and figures.
pub fn names_of<'r>(
    skills: &'r [SkillReport],
    topics: &'r [TopicReport],
) -> impl Iterator<Item = (NameType, &'r str, &'r NameFigures)> {
    let skills = skills.iter().map(|row| (NameType::Skill, row.skill.as_str(), &row.figures));
    let topics = topics.iter().map(|row| (NameType::Topic, row.topic.as_str(), &row.figures));
    skills.chain(topics)
}

/// A word for a skill, and how many interactions use it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Variant {
    /// In lower case.
    pub text: String,
    /// Interactions that use it.
    pub queries: u64,
}

/// A skill or topic that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trending {
    /// The name.
    pub name: String,
    /// Whether it is a skill or a topic.
    #[serde(rename = "type")]
    pub name_type: NameType,
    /// Which way.
    pub trend: Trend,
    /// Conversations this week.
    pub conversations: u64,
    /// Conversations that the earlier weeks let expect, to one digit; `None` with fewer than three.
    pub expected: Option<f64>,
    /// Conversations in the last earlier week with data.
    pub previous: u64,
    /// How likely chance gives such a difference or a greater one, to five digits.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub p: f64,
}

/// Two names that conversations ask for together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Together {
    /// The two, the one that is asked for more first.
    pub names: [String; 2],
    /// Conversations with both.
    pub conversations: u64,
    /// What chance would give, to one digit.
    pub expected: f64,
}

/// The words that people use for a skill, beside those on the CV.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Vocabulary {
    /// The canonical name.
    pub skill: String,
    /// The CV's words for it, in lower case.
    pub on_cv: Vec<String>,
    /// The visitors' words for it.
    pub asked: Vec<Variant>,
}

impl Vocabulary {
    /// Whether a skill has more than one word for it, or the CV has another one.
    pub fn is_informative(&self) -> bool {
        match self.asked.as_slice() {
            [] => false,
            [only] => {
                let written = |text: &String| text.to_lowercase() == only.text.to_lowercase();
                !self.on_cv.is_empty() && !self.on_cv.iter().any(written)
            }
            _ => true,
        }
    }
}
