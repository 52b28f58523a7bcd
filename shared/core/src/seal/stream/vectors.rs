//! Ciphertexts made by Tink itself (the Python package `tink` 1.16.1, a raw
//! `AesGcmHkdfStreamingKey` with SHA-256, 32-byte derived keys and 1 MiB segments).
//!
//! The key is the bytes 0 to 31; the plaintext's byte `i` is `7 * i + 13 * (i >> 8)`, cut to 8 bits.

/// Plaintext length, associated data, ciphertext in hex.
pub(super) const SMALL: &[(usize, &str, &str)] = &[
    (
        0,
        "",
        "286448e28dcacf3f5951f555fb4735f7202b9504fa2c041f3d694bd5c0dcbea9845ebb75e725895217762d4d8e97fce2a8b3b9c18aed400c",
    ),
    (
        0,
        "aad",
        "282347a525ffec1048f21617885510c29eb8704e2d52de540e1a954d3a636d569bd9d7b48bc90868277f8a1dd3e3a31ec2ebaa68453c2622",
    ),
    (
        1,
        "",
        "288715bb7ce60e543faac4aba9c2c7f56c5368fb2ea6b89c3ad2cf85dad33e8b51dd1feb22104e0d5ce62abd2441f557f7b6ebf38b8d9791b0",
    ),
    (
        17,
        "aad",
        "28fc5066b3420a04b2a5c0ff99aa8e9258448ee94bfcdcd7d61857b80ad58d525448a545d1e83c8d137f72e60c975a5b3de857a341be13ee9b7c7df6a466cf1d6891d5652f1971dd56",
    ),
    (
        47,
        "convosync",
        "2804f81cb49414d8f124856428681e63b4184dfcb14cfe93901cbc84696f5e694f177d251d47fb2e5d05894f1e954d110970330c456ca90f984096c6908b2e47b87ccb4b63794c094fe0649cfa187ba99a4f1de3ea674aa79308cd24e62429f28571fa028111f6",
    ),
];

/// Plaintext length, associated data, header in hex, SHA-256 of the ciphertext in hex: around the
/// ends of the first and the second segment.
pub(super) const LARGE: &[(usize, &str, &str, &str)] = &[
    (
        1048519,
        "convosync",
        "28c8ef26506db588616ba8a57c4ac31ce6db66ad80dcfce554a41dd54f5ff007a8686680d12a51ca",
        "82415194ddb9f214dc9f3a8da649e7e0470598e25523d8cf9814e9cd53e7497c",
    ),
    (
        1048520,
        "convosync",
        "286244d32cb6451dc4be36f4da09afb9a32508b1dfe63719755cfefbceba117f03ef238bc3c3e45c",
        "fae06c3eba8606b2e0fdede3b632aedaf6aa5a4eebfe15c6a1b64143031c52db",
    ),
    (
        1048521,
        "convosync",
        "28d371d19aba76eb2cf4f7210e7b1f85be60d3d2414a66998ff384f2615193c12590538aa20885b2",
        "0ed10e49ddfe3734a3abf9accddaf9fa4cb3613781b5c712d57935941be13479",
    ),
    (
        2097080,
        "convosync",
        "28c4e640ab867314f54dec990fd2c93bead49f97bafd1142877432de73f73a9ad0327271a3eaaa60",
        "c0c5794921a6f78115c0c78cf091cad82d015cf2da79008cc05293f0d919ae02",
    ),
    (
        2097081,
        "convosync",
        "28a83976721b80b000bb12bac0a1fa9cbc7aa7d73f6c20c774576f46bf510cba2a5a01d8b508f3a0",
        "5a4d84c317a864410d8cb04c81567447f7fbd0f4724999e5e56e6057b042ec7f",
    ),
    (
        3000000,
        "convosync",
        "28a733eb23935a45206c84e14c5bd1a1ffdaac4492526b644f706348ad7520d4c7fce7080d7962b4",
        "806c1060df21da77916c76282b464bf796a8f301a2176e17156f30bc7a9f0b5e",
    ),
];
