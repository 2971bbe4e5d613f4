//! What a text is about: the dictionary that finds skills in it, and the topics of questions without one.

pub(crate) mod context;
pub mod cv_list;
pub(crate) mod dictionary;
pub(crate) mod endings;
pub(crate) mod english_words;
pub(crate) mod folded_words;
pub(crate) mod forms;
pub(crate) mod mentions;
pub(crate) mod owner;
pub(crate) mod topics;

pub use dictionary::{SkillDictionary, SkillId};
pub use mentions::SkillMention;
pub use owner::{OwnerSkills, OwnerSkillsError};
pub use topics::topic;
