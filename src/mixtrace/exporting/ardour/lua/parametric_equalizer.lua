-- Second-order sections in series, each fitted to its analogue curve up to near half the rate, as
-- in Vicanek, "Matched Second Order Digital Filters", 2016, and one step of least squares. What
-- rings is cut after 250 ms, as mixtrace does: where that is heard, a second row of the sections
-- rings as the first would from there on, and is taken off.

local UP_TO, HOLD = 0.92, 0.1
local AROUND = { -4, -2, -1, -0.5, 0, 0.5, 1, 2, 4 }
local RINGING_S, HEARD = 0.25, 1e-5
local CHUNK = 256
local sections, weight, ahead, size
local states, cut, rests = {}, nil, {}
local place = 0

local function solved (a, b)
  local size = #b
  for c = 1, size do
    local pivot = c
    for r = c + 1, size do
      if math.abs (a[r][c]) > math.abs (a[pivot][c]) then pivot = r end
    end
    a[c], a[pivot], b[c], b[pivot] = a[pivot], a[c], b[pivot], b[c]
    for r = c + 1, size do
      local share = a[r][c] / a[c][c]
      for j = c, size do a[r][j] = a[r][j] - share * a[c][j] end
      b[r] = b[r] - share * b[c]
    end
  end
  for c = size, 1, -1 do
    for j = c + 1, size do b[c] = b[c] - a[c][j] * b[j] end
    b[c] = b[c] / a[c][c]
  end
  return b
end

local function squared (q, ratio)
  return (q[1] - q[3] * ratio ^ 2) ^ 2 + (q[2] * ratio) ^ 2
end

-- l and k of the poles of the impulse-invariant transform.
local function impulse_invariant (pole, pole_q, reference)
  local half_width = 0.5 / pole_q
  local discriminant = (1 - half_width ^ 2) * pole ^ 2
  local angle = math.sqrt (math.max (discriminant, 1e-12))
  local growth = math.sqrt (math.max (-discriminant, 1e-12))
  local damping = half_width * pole + math.max (angle - math.pi, 0)
  local radius = math.exp (-damping)
  local turn
  if discriminant > 0 then
    turn = 4 * math.sin (math.min (angle, math.pi) / 2) ^ 2
  else
    turn = -(math.exp (growth / 2) - math.exp (-growth / 2)) ^ 2
  end
  local at_zero = ((1 - radius) ^ 2 + radius * turn) ^ 2
  local at_nyquist = ((1 + radius) ^ 2 - radius * turn) ^ 2
  local square = 16 * radius ^ 2 / at_zero
  local linear = at_nyquist / at_zero - 1 - square
  return linear * reference, square * reference ^ 2
end

local function minimum_phase (linear, square, reference)
  linear, square = linear / reference, square / reference ^ 2
  local at_nyquist = math.sqrt (math.max (1 + linear + square, 1e-30))
  local half = (1 + at_nyquist) / 2
  local root = math.sqrt (math.max ((2 + linear + 2 * at_nyquist) / 4, 1e-30))
  return { (half + root) / 2, (1 - at_nyquist) / 2, (half - root) / 2 }
end

local function compared_at (pole, pole_q)
  local found = {}
  for j = 0, 31 do
    found[#found + 1] = UP_TO * math.pi * math.sqrt (math.sin (math.pi / 64 * (j + 0.5)))
  end
  for _, place in ipairs (AROUND) do
    local spread = math.min (0.5 / pole_q, 1) * place
    local around = math.min (pole, math.pi) * math.exp (spread)
    found[#found + 1] = math.min (around, UP_TO * math.pi)
  end
  return found
end

-- A section { b0, b1, b2, a1, a2 } of numerator and denominator { constant, linear, square }.
local function matched (upper, lower, radians, blocks)
  local root = math.sqrt (lower[3])
  local pole, pole_q = radians / root, root / lower[2]
  local reference = math.sin (math.min (pole, math.pi) / 2) ^ 2
  local linear, square = impulse_invariant (pole, pole_q, reference)
  local of_a, of_b, errors, unknown = {}, {}, {}, blocks and 3 or 4
  local columns = {}
  for c = 1, unknown do columns[c] = {} end
  for p, omega in ipairs (compared_at (pole, pole_q)) do
    local x = math.sin (omega / 2) ^ 2 / reference
    local first = 1 + linear * x + square * x * x
    local ratio = omega / radians
    local inverse = squared (lower, ratio) / squared (upper, ratio)
    columns[1][p], columns[2][p] = -x / first, -x * x / first
    if blocks then
      columns[3][p] = x * x / first * inverse
      errors[p] = 1 - x * x / first * inverse
    else
      columns[3][p], columns[4][p] = x / first * inverse, x * x / first * inverse
      errors[p] = 1 - inverse
    end
  end
  local size, normal, right = {}, {}, {}
  for c = 1, unknown do
    local sum = 0
    for _, v in ipairs (columns[c]) do sum = sum + v * v end
    size[c] = math.sqrt (sum)
  end
  for r = 1, unknown do
    normal[r], right[r] = {}, 0
    for p, e in ipairs (errors) do right[r] = right[r] + columns[r][p] / size[r] * e end
    for c = 1, unknown do
      local sum = 0
      for p = 1, #errors do sum = sum + columns[r][p] * columns[c][p] end
      if r <= 2 and c <= 2 then sum = sum * (1 + HOLD * HOLD) end
      normal[r][c] = sum / (size[r] * size[c])
    end
  end
  local change = solved (normal, right)
  for c = 1, unknown do change[c] = change[c] / size[c] end
  local a = minimum_phase (linear + change[1], square + change[2], reference)
  local b
  if blocks then
    local level = math.sqrt (math.max (1 + change[3], 1e-30)) / (4 * reference)
    b = { level, -2 * level, level }
  else
    b = minimum_phase (linear + change[3], square + change[4], reference)
  end
  return { b[1] / a[1], b[2] / a[1], b[3] / a[1], a[2] / a[1], a[3] / a[1] }
end

-- A cut is the inverse of the boost.
local function turned_down (s, gain_db)
  if gain_db >= 0 then return s end
  return { 1 / s[1], s[4] / s[1], s[5] / s[1], s[2] / s[1], s[3] / s[1] }
end

local function boost_of (gain_db)
  return 10 ^ (math.abs (gain_db) / 40)
end

local function bell (w, gain_db, q)
  local boost = boost_of (gain_db)
  return turned_down (matched ({ 1, boost / q, 1 }, { 1, 1 / (boost * q), 1 }, w), gain_db)
end

local function high_shelf (w, gain_db, q)
  local boost = boost_of (gain_db)
  local root = math.sqrt (boost)
  local upper, lower = { 1, root / q, boost }, { 1, 1 / (root * q), 1 / boost }
  return turned_down (matched (upper, lower, w), gain_db)
end

local function low_shelf (w, gain_db, q)
  local boost = boost_of (gain_db)
  local root = math.sqrt (boost)
  local s = matched ({ 1, 1 / (root * q), 1 / boost }, { 1, root / q, boost }, w)
  for j = 1, 3 do s[j] = s[j] * boost * boost end
  return turned_down (s, gain_db)
end

local QS = {
  [12] = { math.sqrt (0.5) },
  [24] = { 0.5 / math.cos (math.pi / 8), 0.5 / math.sin (math.pi / 8) },
}

local function low_pass (w, slope)
  if slope == 6 then
    local nyquist = w / math.pi
    return { matched ({ 1, nyquist, 0 }, { 1, 1 + nyquist, nyquist }, w) }
  end
  local found = {}
  for j, q in ipairs (QS[slope] or {}) do found[j] = matched ({ 1, 0, 0 }, { 1, 1 / q, 1 }, w) end
  return found
end

local function high_pass (w, slope)
  if slope == 6 then
    local pole = math.exp (-w)
    local gain = 0.5 * (1 + pole) / math.sqrt (1 + (w / math.pi) ^ 2)
    return { { gain, -gain, 0, -pole, 0 } }
  end
  local found = {}
  for j, q in ipairs (QS[slope] or {}) do
    found[j] = matched ({ 0, 0, 1 }, { 1, 1 / q, 1 }, w, true)
  end
  return found
end

-- What the sections remember of an impulse after so many samples, { u, v } each; nil where it is
-- too faint to be heard.
local function remembered (samples)
  local found = {}
  for j = 1, #sections do found[j] = { 0, 0 } end
  local x = 1
  for i = 1, samples do
    for j, s in ipairs (sections) do
      local state = found[j]
      local y = s[1] * x + state[1]
      state[1] = s[2] * x - s[4] * y + state[2]
      state[2] = s[3] * x - s[5] * y
      x = y
    end
    x = 0
  end
  local most = 0
  for _, state in ipairs (found) do most = math.max (most, math.abs (state[1])) end
  return most > HEARD and found or nil
end

-- The samples of the last 250 ms of each side, in a ring that a chunk fits into whole.
function memory (rate)
  return 2 * (rounded (RINGING_S * rate) + 1 + CHUNK)
end

function prepare (k)
  local per_hz, shelf_q = 2 * math.pi / k.rate, math.sqrt (0.5)
  weight, sections = k.wet, {}
  local function add (s) sections[#sections + 1] = s end
  if k.low_shelf_db ~= 0 then add (low_shelf (per_hz * k.low_shelf_hz, k.low_shelf_db, shelf_q)) end
  if k.high_shelf_db ~= 0 then
    add (high_shelf (per_hz * k.high_shelf_hz, k.high_shelf_db, shelf_q))
  end
  for j, hz in ipairs (k.bell_hz) do
    if k.bell_db[j] ~= 0 then add (bell (per_hz * hz, k.bell_db[j], k.bell_q[j])) end
  end
  for _, s in ipairs (high_pass (per_hz * k.high_pass_hz, rounded (k.high_pass_db_per_octave))) do
    add (s)
  end
  for _, s in ipairs (low_pass (per_hz * k.low_pass_hz, rounded (k.low_pass_db_per_octave))) do
    add (s)
  end
  for j = #states + 1, #sections do
    states[j], rests[j] = { 0, 0, 0, 0 }, { 0, 0, 0, 0 }
  end
  ahead = rounded (RINGING_S * k.rate) + 1
  size = ahead + CHUNK
  cut = remembered (ahead)
end

local function run (left, right, n)
  for j, s in ipairs (sections) do
    local b0, b1, b2, a1, a2 = s[1], s[2], s[3], s[4], s[5]
    local state = states[j]
    local u, v, p, q = state[1], state[2], state[3], state[4]
    for i = 1, n do
      local x = left[i]
      local y = b0 * x + u
      u = b1 * x - a1 * y + v
      v = b2 * x - a2 * y
      left[i] = y
      x = right[i]
      y = b0 * x + p
      p = b1 * x - a1 * y + q
      q = b2 * x - a2 * y
      right[i] = y
    end
    state[1], state[2], state[3], state[4] = u, v, p, q
  end
end

-- What rings of samples that are 250 ms old and older.
local function run_rest (old_left, old_right, n)
  local left, right = {}, {}
  for i = 1, n do left[i], right[i] = 0, 0 end
  for j, s in ipairs (sections) do
    local b0, b1, b2, a1, a2 = s[1], s[2], s[3], s[4], s[5]
    local state, kept = rests[j], cut[j]
    local u, v, p, q = state[1], state[2], state[3], state[4]
    for i = 1, n do
      u, v = u + kept[1] * old_left[i], v + kept[2] * old_left[i]
      p, q = p + kept[1] * old_right[i], q + kept[2] * old_right[i]
      local x = left[i]
      local y = b0 * x + u
      u = b1 * x - a1 * y + v
      v = b2 * x - a2 * y
      left[i] = y
      x = right[i]
      y = b0 * x + p
      p = b1 * x - a1 * y + q
      q = b2 * x - a2 * y
      right[i] = y
    end
    state[1], state[2], state[3], state[4] = u, v, p, q
  end
  return left, right
end

-- Put n samples into a ring and return as many that are 250 ms old.
local function exchanged (line, values, n)
  local ring, old = shared:to_float (line):array (), {}
  for i = 1, n do
    local at = (place + i - 1) % size + 1
    ring[at] = values[i]
    old[i] = ring[(place + i - 1 - ahead) % size + 1]
  end
  return old
end

function process (left, right, n)
  local dry_left, dry_right, old_left, old_right
  if weight < 1 then
    dry_left, dry_right = table.move (left, 1, n, 1, {}), table.move (right, 1, n, 1, {})
  end
  if cut then
    old_left, old_right = exchanged (0, left, n), exchanged (size, right, n)
    place = (place + n) % size
  end
  run (left, right, n)
  if cut then
    local rest_left, rest_right = run_rest (old_left, old_right, n)
    for i = 1, n do
      left[i], right[i] = left[i] - rest_left[i], right[i] - rest_right[i]
    end
  end
  if weight < 1 then
    for i = 1, n do
      left[i] = dry_left[i] + weight * (left[i] - dry_left[i])
      right[i] = dry_right[i] + weight * (right[i] - dry_right[i])
    end
  end
end
