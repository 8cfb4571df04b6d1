//! What speaks for a name being a place here, and how strongly.
//!
//! Half the capitalised words that some village bears as its name are people, institutions or the first word of a
//! sentence. No single rule tells them apart, so each observation about a name and its surroundings is a cue with a weight,
//! and a name is taken for a place when the weights sum to more than nothing. The weights were fitted by logistic
//! regression on one half of two public corpora of annotated news (see [`crate::corpus`]) and rounded to tenths; each can
//! be read, and [`crate::Geoparser::weigh`] tells which applied.

macro_rules! cues {
    ($($(#[$doc:meta])* $name:ident $weight:literal,)*) => {
        /// An observation about a name and its surroundings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Cue { $($(#[$doc])* $name,)* }

        impl Cue {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it adds to the sum, as logarithm of the odds.
            pub const fn weight(self) -> f32 {
                match self { $(Self::$name => $weight,)* }
            }

            /// Its name as written in the source.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

cues! {
    /// Every name has it.
    Base 0.2,
    /// May be a region or continent.
    Region -0.3,
    /// May be a country.
    Country 2.3,
    /// May be a first-level division.
    Division 1.2,
    /// A county with the word county.
    County 2.0,
    /// A county without the word.
    CountyShort -0.1,
    /// At most a city of a million.
    CityHuge 2.1,
    /// At most a city of a hundred thousand.
    CityLarge 0.9,
    /// At most a town of fifteen thousand.
    CityMiddle -0.1,
    /// At most a village.
    CitySmall -0.9,
    /// An adjective or a people.
    Demonym 0.7,
    /// An abbreviation with its full stop.
    Abbreviation 1.9,
    /// None of the places has it as its usual name.
    OnlyOther -0.8,
    /// Five places or more have the name.
    ManyPlaces 0.5,
    /// Of more than one word.
    SeveralWords 0.4,
    /// At most three letters, not all capitals.
    ShortName -1.1,
    /// In, near, outside before it.
    AfterLocating 1.6,
    /// To, of, from before it.
    AfterLinking 0.6,
    /// Said, he, who before it.
    AfterSaying -0.1,
    /// The before it.
    AfterThe 0.3,
    /// A possessive before it.
    AfterPossessive 0.1,
    /// Another word in small letters before it.
    AfterSmall -0.4,
    /// A comma before it and a place before that.
    AfterPlaceComma 1.2,
    /// A comma before it.
    AfterComma -0.3,
    /// A title before it.
    AfterTitle -0.8,
    /// A first name before it.
    AfterFirstName -1.0,
    /// An initial before it.
    AfterInitial 0.3,
    /// Another capitalised word before it, with a space.
    AfterCapital -0.8,
    /// A place before it, with a space or hyphen.
    AfterPlace -1.0,
    /// A sentence, line or quotation starts with it.
    Opens -0.1,
    /// It is followed by a comma and a state or country.
    BeforeState 1.8,
    /// It is followed by a comma and another capital.
    BeforeCommaCapital 0.2,
    /// An institution follows.
    BeforeInstitution -0.4,
    /// A common surname follows.
    BeforeSurname -1.3,
    /// A capitalised word follows, none of the above.
    BeforeCapital -1.0,
    /// A feature of the land follows.
    BeforeFeature -0.5,
    /// Said follows.
    BeforeSaying -1.4,
    /// Resident, area, mayor follows.
    BeforeLocal 1.3,
    /// A possessive follows.
    BeforePossessive -0.9,
    /// A hyphen follows.
    BeforeHyphen 0.5,
    /// All in capitals.
    AllCapitals 0.4,
    /// In capitals at the start of a line or before a bracket or a dash.
    Dateline 1.7,
    /// An everyday word.
    PlainWord -2.1,
    /// An everyday word where every word has a capital.
    PlainOpens -2.3,
    /// A first name.
    FirstName -1.8,
    /// A surname.
    Surname -0.7,
    /// The text has the same word in small letters.
    SeenSmall -1.3,
    /// The text has a person of this name.
    PersonElsewhere -3.5,
    /// The same name is surely a place elsewhere in the text.
    PlaceElsewhere 1.9,
    /// A street by its last word.
    Street 0.2,
    /// A road by its number.
    Road -1.2,
    /// A feature of the land by its last or first word.
    Feature 0.9,
}

/// The cues of one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cues(u64);

impl Cues {
    pub(crate) fn add(&mut self, cue: Cue) {
        self.0 |= 1 << cue as u8;
    }

    pub(crate) fn has(self, cue: Cue) -> bool {
        self.0 & (1 << cue as u8) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Cue> {
        Cue::ALL.iter().copied().filter(move |cue| self.has(*cue))
    }

    /// The sum of the weights.
    pub(crate) fn sum(self) -> f32 {
        self.iter().map(Cue::weight).sum()
    }
}
