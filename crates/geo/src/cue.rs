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
    Base -0.5,
    /// May be a region or continent.
    Region 2.0,
    /// May be a country.
    Country 3.0,
    /// May be a first-level division.
    Division 2.0,
    /// A county with the word county.
    County 3.0,
    /// A county without the word.
    CountyShort 0.0,
    /// At most a city of a million.
    CityHuge 1.5,
    /// At most a city of a hundred thousand.
    CityLarge 0.8,
    /// At most a town of fifteen thousand.
    CityMiddle 0.3,
    /// At most a village.
    CitySmall 0.0,
    /// An adjective or a people.
    Demonym 2.0,
    /// An abbreviation with its full stop.
    Abbreviation 2.0,
    /// None of the places has it as its usual name.
    OnlyOther -1.0,
    /// Five places or more have the name.
    ManyPlaces 0.3,
    /// Of more than one word.
    SeveralWords 0.7,
    /// At most three letters, not all capitals.
    ShortName -1.0,
    /// In, near, outside before it.
    AfterLocating 1.8,
    /// To, of, from before it.
    AfterLinking 0.8,
    /// Said, he, who before it.
    AfterSaying -1.5,
    /// The before it.
    AfterThe -0.3,
    /// A possessive before it.
    AfterPossessive -0.5,
    /// Another word in small letters before it.
    AfterSmall 0.0,
    /// A comma before it and a place before that.
    AfterPlaceComma 1.5,
    /// A comma before it.
    AfterComma 0.0,
    /// A title before it.
    AfterTitle -3.0,
    /// A first name before it.
    AfterFirstName -3.0,
    /// An initial before it.
    AfterInitial -2.0,
    /// Another capitalised word before it, with a space.
    AfterCapital -1.5,
    /// A place before it, with a space or hyphen.
    AfterPlace -0.5,
    /// A sentence, line or quotation starts with it.
    Opens -0.3,
    /// It is followed by a comma and a state or country.
    BeforeState 3.0,
    /// It is followed by a comma and another capital.
    BeforeCommaCapital 0.0,
    /// An institution follows.
    BeforeInstitution 0.3,
    /// A common surname follows.
    BeforeSurname -2.0,
    /// A capitalised word follows, none of the above.
    BeforeCapital -1.0,
    /// A feature of the land follows.
    BeforeFeature -0.5,
    /// Said follows.
    BeforeSaying -2.0,
    /// Resident, area, mayor follows.
    BeforeLocal 1.0,
    /// A possessive follows.
    BeforePossessive 0.2,
    /// A hyphen follows.
    BeforeHyphen -0.3,
    /// All in capitals.
    AllCapitals 0.0,
    /// In capitals at the start of a line or before a bracket or a dash.
    Dateline 2.0,
    /// An everyday word.
    PlainWord -2.0,
    /// An everyday word where every word has a capital.
    PlainOpens -1.0,
    /// A first name.
    FirstName -1.0,
    /// A surname.
    Surname -0.7,
    /// The text has the same word in small letters.
    SeenSmall -1.5,
    /// The text has a person of this name.
    PersonElsewhere -2.0,
    /// The same name is surely a place elsewhere in the text.
    PlaceElsewhere 1.5,
    /// A street by its last word.
    Street 1.5,
    /// A road by its number.
    Road 1.0,
    /// A feature of the land by its last or first word.
    Feature 1.0,
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
