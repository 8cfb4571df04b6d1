//! A Kalman filter as textbooks write it: dense matrices, Joseph's form, nothing shared with the one that is tested.

use crate::filter::{Model, Variances};

type Matrix = Vec<Vec<f64>>;
type Rows = [Vec<f64>];

fn product(a: &Rows, b: &Rows) -> Matrix {
    a.iter()
        .map(|row| {
            (0..b[0].len()).map(|column| row.iter().zip(b).map(|(x, y)| x * y[column]).sum()).collect()
        })
        .collect()
}

fn transposed(a: &Rows) -> Matrix {
    (0..a[0].len()).map(|column| a.iter().map(|row| row[column]).collect()).collect()
}

fn sum(a: &Rows, b: &Rows) -> Matrix {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(x, y)| x + y).collect()).collect()
}

fn scaled(a: &Rows, by: f64) -> Matrix {
    a.iter().map(|row| row.iter().map(|x| x * by).collect()).collect()
}

fn identity(size: usize) -> Matrix {
    (0..size).map(|row| (0..size).map(|column| f64::from(u8::from(row == column))).collect()).collect()
}

pub struct Textbook {
    x: Matrix,
    p: Matrix,
    h: Matrix,
    r: Matrix,
}

impl Textbook {
    pub fn begin(model: Model, value: f64, variances: Variances) -> Self {
        let r = vec![vec![variances.measurement]];
        match model {
            Model::LocalLevel => Self { x: vec![vec![value]], p: r.clone(), h: vec![vec![1.0]], r },
            Model::LocalLinearTrend => Self {
                x: vec![vec![value], vec![0.0]],
                p: vec![vec![variances.measurement, 0.0], vec![0.0, 0.0]],
                h: vec![vec![1.0, 0.0]],
                r,
            },
        }
    }

    pub fn of_two(&mut self, first: f64, second: f64, dt: f64, variances: Variances) {
        let r = variances.measurement;
        let slope = 2.0 * r / dt.powi(2) + variances.level / dt + variances.slope * dt / 3.0;
        self.x = vec![vec![second], vec![(second - first) / dt]];
        self.p = vec![vec![r, r / dt], vec![r / dt, slope]];
    }

    pub fn predict(&mut self, dt: f64, variances: Variances) {
        let Variances { level, slope, measurement } = variances;
        let (f, q) = if self.x.len() == 1 {
            (identity(1), vec![vec![level * dt]])
        } else {
            (
                vec![vec![1.0, dt], vec![0.0, 1.0]],
                vec![
                    vec![level * dt + slope * dt.powi(3) / 3.0, slope * dt.powi(2) / 2.0],
                    vec![slope * dt.powi(2) / 2.0, slope * dt],
                ],
            )
        };
        self.x = product(&f, &self.x);
        self.p = sum(&product(&product(&f, &self.p), &transposed(&f)), &q);
        self.r = vec![vec![measurement]];
    }

    fn innovation(&self, value: f64) -> (f64, f64) {
        let s = sum(&product(&product(&self.h, &self.p), &transposed(&self.h)), &self.r)[0][0];
        (value - product(&self.h, &self.x)[0][0], s)
    }

    pub fn normalised_innovation_squared(&self, value: f64) -> f64 {
        let (y, s) = self.innovation(value);
        y * y / s
    }

    pub fn update(&mut self, value: f64) {
        let (y, s) = self.innovation(value);
        let k = scaled(&product(&self.p, &transposed(&self.h)), 1.0 / s);
        self.x = sum(&self.x, &scaled(&k, y));
        let a = sum(&identity(self.x.len()), &scaled(&product(&k, &self.h), -1.0));
        self.p = sum(
            &product(&product(&a, &self.p), &transposed(&a)),
            &product(&product(&k, &self.r), &transposed(&k)),
        );
    }

    /// Level, slope, variance of the level, covariance, variance of the slope.
    pub fn numbers(&self) -> [f64; 5] {
        match self.x.len() {
            1 => [self.x[0][0], 0.0, self.p[0][0], 0.0, 0.0],
            _ => [self.x[0][0], self.x[1][0], self.p[0][0], self.p[0][1], self.p[1][1]],
        }
    }
}
