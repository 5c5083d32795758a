//! Pixels, and what is drawn with them.

use super::font;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// A picture of three bytes a pixel.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

/// Corner and size of a rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Canvas {
    /// All of one colour.
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self { width, height, pixels: vec![colour; width * height] }
    }

    /// One pixel; outside of the picture nothing happens.
    pub fn dot(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// A filled rectangle.
    pub fn fill(&mut self, area: Area, colour: Colour) {
        for y in area.y..(area.y + area.height).min(self.height) {
            for x in area.x..(area.x + area.width).min(self.width) {
                self.dot(x, y, colour);
            }
        }
    }

    /// Text whose upper left corner is there, `scale` pixels a dot.
    pub fn text(&mut self, x: usize, y: usize, scale: usize, colour: Colour, text: &str) {
        for (place, letter) in text.chars().enumerate() {
            for (column, dots) in font::columns(letter).into_iter().enumerate() {
                for row in (0..8).filter(|row| dots >> row & 1 == 1) {
                    let x = x + (place * font::ADVANCE + column) * scale;
                    let dot = Area { x, y: y + row * scale, width: scale, height: scale };
                    self.fill(dot, colour);
                }
            }
        }
    }

    /// Width of a text, in pixels.
    pub fn text_width(text: &str, scale: usize) -> usize {
        text.chars().count() * font::ADVANCE * scale
    }

    /// The picture as a file.
    ///
    /// # Errors
    /// When it has no pixels.
    pub fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_what_is_read_back() {
        let mut canvas = Canvas::new(40, 12, [255, 255, 255]);
        canvas.fill(Area { x: 38, y: 10, width: 9, height: 9 }, [1, 2, 3]);
        canvas.text(0, 0, 1, [0, 0, 0], "l");
        let bytes = canvas.png().expect("a picture");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("PNG");
        let mut pixels = vec![0; 40 * 12 * 3];
        reader.next_frame(&mut pixels).expect("pixels");
        let at = |x: usize, y: usize| &pixels[(y * 40 + x) * 3..][..3];
        assert_eq!(at(39, 11), [1, 2, 3]);
        assert_eq!(at(37, 11), [255, 255, 255]);
        assert!((0..7).all(|y| at(2, y) == [0, 0, 0]), "the stem of an l");
    }
}
