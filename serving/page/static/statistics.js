// Means over independent samples.

// {value, error}: the mean and its standard error; of one sample there is no error.
export function meanOf(values) {
  const value = average(values);
  return { value, error: Math.sqrt(squaresAround(value, values) / (values.length - 1) / values.length) };
}

// Mean of the squared distance from the mean.
export function varianceOf(values) {
  return squaresAround(average(values), values) / values.length;
}

function average(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function squaresAround(mean, values) {
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2;
  return sum;
}

// By site the mean of what belongs to its letter: rows of letters, `numbers` of each letter.
export function siteMeans(rows, numbers) {
  return rows[0].map((_, site) => meanOf(rows.map((row) => numbers[row[site]])));
}

// By site the mean of its product with another site; of that site itself nothing.
export function pairMeans(rows, numbers, site) {
  return rows[0].map((_, other) => (other === site
    ? { value: NaN, error: NaN }
    : meanOf(rows.map((row) => numbers[row[site]] * numbers[row[other]]))));
}
