//! Words that only chance makes.

/// Shannon's entropy of the bytes.
pub(super) fn bits_a_character(word: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in word {
        counts[usize::from(*byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a word has few characters")]
    let whole = word.len() as f64;
    let share = |count: &u32| f64::from(*count) / whole;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}

/// Digits and letters of both cases in one word, or much hexadecimal, with few repetitions.
pub(super) fn is_random(word: &[u8], shortest: usize) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_=".contains(byte);
    if word.len() < shortest || !word.iter().all(of_base64) {
        return false;
    }
    let has = |test: fn(&u8) -> bool| word.iter().any(test);
    let digits = has(u8::is_ascii_digit);
    let cases = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let hex = word.len() >= 32 && digits && word.iter().all(u8::is_ascii_hexdigit);
    (digits && cases || hex) && bits_a_character(word) >= 3.0
}

/// The same, and no name in camel case either: in one of chance the kinds of characters change at
/// more than half of the places, in a name at every third.
pub(super) fn is_no_name(word: &[u8], shortest: usize) -> bool {
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        _ => 2,
    };
    let changes = word.windows(2).filter(|two| kind(two[0]) != kind(two[1])).count();
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mixed = changes * 100 >= word.len() * 42 && digits >= 2;
    let hex = word.iter().all(u8::is_ascii_hexdigit);
    is_random(word, shortest) && (mixed || hex) && bits_a_character(word) >= 3.5
}
