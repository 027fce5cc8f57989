//! The encodings of Chinese, Japanese and Korean.

use encoding_rs::{DecoderResult, Encoding};

use super::{Decode, Fault};

pub(super) struct Multibyte {
    name: &'static str,
    encoding: &'static Encoding,
}

impl Multibyte {
    /// By Python's names, normalized.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (name, encoding) = match name {
            "gbk" | "936" | "cp936" | "ms936" => ("gbk", encoding_rs::GBK),
            "gb18030" | "gb18030_2000" => ("gb18030", encoding_rs::GB18030),
            "gb2312" | "chinese" | "csiso58gb231280" | "euc_cn" | "euccn" | "eucgb2312_cn"
            | "gb2312_1980" | "gb2312_80" | "iso_ir_58" => ("gb2312", encoding_rs::GBK),
            "big5" | "big5_tw" | "csbig5" => ("big5", encoding_rs::BIG5),
            "cp950" | "950" | "ms950" => ("cp950", encoding_rs::BIG5),
            "big5hkscs" | "big5_hkscs" | "hkscs" => ("big5hkscs", encoding_rs::BIG5),
            "shift_jis" | "csshiftjis" | "shiftjis" | "sjis" | "s_jis" => {
                ("shift_jis", encoding_rs::SHIFT_JIS)
            }
            "cp932" | "932" | "ms932" | "mskanji" | "ms_kanji" => ("cp932", encoding_rs::SHIFT_JIS),
            "euc_jp" | "eucjp" | "ujis" | "u_jis" => ("euc_jp", encoding_rs::EUC_JP),
            "euc_kr" | "euckr" | "korean" | "ksc5601" | "ks_c_5601" | "ks_c_5601_1987"
            | "ksx1001" | "ks_x_1001" => ("euc_kr", encoding_rs::EUC_KR),
            "cp949" | "949" | "ms949" | "uhc" => ("cp949", encoding_rs::EUC_KR),
            _ => return None,
        };
        Some(Self { name, encoding })
    }
}

impl Decode for Multibyte {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault> {
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let mut start = at;
        loop {
            let rest = bytes.get(start..).unwrap_or_default();
            // Room for what is left, or the decoder says that its output is full.
            out.reserve(rest.len() + 16);
            let (result, read) = decoder.decode_to_string_without_replacement(rest, out, true);
            start += read;
            match result {
                DecoderResult::InputEmpty => return None,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, extra) => {
                    let end = start.saturating_sub(usize::from(extra)).max(at + 1);
                    let begin = end.saturating_sub(usize::from(length)).max(at);
                    return Some(Fault {
                        start: begin,
                        // Python gives up the first byte only and looks at the rest anew.
                        end: begin + 1,
                        reason: if start == bytes.len() && begin + 1 == bytes.len() {
                            "incomplete multibyte sequence"
                        } else {
                            "illegal multibyte sequence"
                        },
                    });
                }
            }
        }
    }
}
