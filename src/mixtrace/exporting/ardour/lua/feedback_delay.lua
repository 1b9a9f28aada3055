-- A line a side, each fed back to itself and, by the ping-pong, to the other, through a low-pass.
-- Between two samples it is read through a windowed sinc. It does not end: what `kept for` leaves
-- out of the response goes on here, softer and softer.

local TAPS = 48
local BETA = 8
local size, taps, whole
local place = 1
local feedback, ping_pong, weight, pole, b0, b1
local low = { 0, 0, 0, 0 }

local function bessel (x)
  local total, term, m = 1, 1, 0
  repeat
    m = m + 1
    term = term * (x / (2 * m)) ^ 2
    total = total + term
  until term < 1e-17 * total
  return total
end

-- Weights of TAPS samples around a moment that lies a share of a sample before the middle ones.
local function read_taps (share)
  local found = {}
  if share == 0 then
    for j = 1, TAPS do found[j] = j == TAPS // 2 and 1 or 0 end
    return found
  end
  for j = 1, TAPS do
    local at = j - TAPS // 2 - share
    local window = 1 - (at / (TAPS // 2 + 0.5)) ^ 2
    local kaiser = window > 0 and bessel (BETA * math.sqrt (window)) / bessel (BETA) or 0
    found[j] = kaiser * math.sin (math.pi * at) / (math.pi * at)
  end
  return found
end

local function length_of (rate)
  return math.ceil (2.1 * rate) + 2 * TAPS
end

-- A line of each side, one behind the other.
function memory (rate)
  return 2 * length_of (rate)
end

function prepare (k)
  local samples = k.time_ms * k.rate / 1000
  whole = math.floor (samples)
  taps = read_taps (samples - whole)
  feedback, ping_pong, weight = k.feedback, k.ping_pong, k.wet
  local corner = 2 * math.pi * k.damping_hz / k.rate
  pole = math.exp (-corner)
  local at_zero = 1 - pole
  local at_nyquist = (1 + pole) * corner / math.sqrt (corner ^ 2 + math.pi ^ 2)
  b0, b1 = (at_zero + at_nyquist) / 2, (at_zero - at_nyquist) / 2
  size = length_of (k.rate)
end

local function read (line, at, begin)
  local total = 0
  if at > TAPS and at + TAPS <= size then
    for j = 1, TAPS do
      local tap = taps[j]
      if tap ~= 0 then total = total + tap * line[begin + at + TAPS // 2 - j] end
    end
    return total
  end
  for j = 1, TAPS do
    total = total + taps[j] * line[begin + (at + TAPS // 2 - j - 1) % size + 1]
  end
  return total
end

function process (left, right, n)
  local own, mean = 1 - ping_pong, ping_pong / 2
  local line = shared
  for i = 1, n do
    local a, b = left[i], right[i]
    local at = (place - whole - 1) % size + 1
    local y, z = read (line, at, 0), read (line, at, size)
    local to_first, to_second = own * y + ping_pong * z, ping_pong * y + own * z
    local u = b0 * to_first + b1 * low[1] + pole * low[3]
    local v = b0 * to_second + b1 * low[2] + pole * low[4]
    low[1], low[2], low[3], low[4] = to_first, to_second, u, v
    line[place] = (1 - mean) * a + mean * b + feedback * u
    line[size + place] = own * b + feedback * v
    place = place < size and place + 1 or 1
    left[i] = a + weight * (y - a)
    right[i] = b + weight * (z - b)
  end
end
