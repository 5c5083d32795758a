//! Who was taken for whom, as a picture.

use super::{Canvas, Colour, canvas::Area};

const CELL: usize = 56;
const NAMES: usize = 130;
const INK: Colour = [30, 30, 30];
const PAPER: Colour = [255, 255, 255];

/// A confusion matrix: names of rows and columns, counts by row.
pub struct Matrix<'a> {
    /// What it was.
    pub rows: &'a [&'a str],
    /// What it was taken for.
    pub columns: &'a [&'a str],
    /// By row, then column.
    pub counts: &'a [Vec<usize>],
}

impl Matrix<'_> {
    /// The picture, darker where more of the row is; green where right, red where wrong.
    ///
    /// # Errors
    /// When it has no pixels.
    pub fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let (columns, rows) = (self.columns.len(), self.rows.len());
        let width = NAMES + CELL * columns.max(1) + 10;
        let mut canvas = Canvas::new(width, 30 + CELL * rows + 10, PAPER);
        for (column, name) in self.columns.iter().enumerate() {
            // Names are wider than cells: every other one stands higher.
            let y = 4 + 12 * (column % 2);
            canvas.text(NAMES + CELL * column, y, 1, INK, name);
        }
        for (row, name) in self.rows.iter().enumerate() {
            let y = 30 + CELL * row;
            canvas.text(8, y + CELL / 2 - 4, 1, INK, name);
            let all = self.counts[row].iter().sum::<usize>().max(1);
            for (column, &count) in self.counts[row].iter().enumerate() {
                let depth = (count as f32 / all as f32).sqrt();
                let pale = |full: f32| (255.0 - (255.0 - full) * depth) as u8;
                let right = self.columns[column] == *name;
                let colour = if right {
                    [pale(90.0), pale(180.0), pale(110.0)]
                } else {
                    [pale(220.0), pale(80.0), pale(70.0)]
                };
                let x = NAMES + CELL * column;
                canvas.fill(Area { x, y, width: CELL - 2, height: CELL - 2 }, [235, 235, 235]);
                let inner = Area { x: x + 1, y: y + 1, width: CELL - 4, height: CELL - 4 };
                canvas.fill(inner, if count == 0 { PAPER } else { colour });
                if count > 0 {
                    canvas.text(x + 18, y + CELL / 2 - 7, 2, INK, &count.to_string());
                }
            }
        }
        canvas.png()
    }
}
