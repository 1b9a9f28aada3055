-- A line a side, each fed back to itself and, by the ping-pong, to the other, through a low-pass.
-- Between two samples it is read through a windowed sinc. It does not end: what `kept for` leaves
-- out of the response goes on here, softer and softer.

local TAPS, BETA = 96, 9
local HALF = TAPS // 2
local CHUNK = 256
local size, taps, whole, feedback, ping_pong, weight, pole, b0, b1
local place = 0
local low = { 0, 0, 0, 0 }

-- Of a ring; every sample lies in it twice, so that any stretch of it is in one piece.
local function length_of (rate)
  return math.ceil (2.1 * rate) + TAPS + CHUNK
end

function memory (rate)
  return 4 * length_of (rate) + CHUNK
end

local function bessel (x)
  local total, term, m = 1, 1, 0
  repeat
    m = m + 1
    term = term * (x / (2 * m)) ^ 2
    total = total + term
  until term < 1e-17 * total
  return total
end

-- The weight of each sample by its distance to a moment a share of a sample before it.
local function read_taps (share)
  if share == 0 then return { [0] = 1 } end
  local found = {}
  for m = 1 - HALF, HALF do
    local at = m - share
    local window = math.max (1 - (at / HALF) ^ 2, 0)
    local kaiser = bessel (BETA * math.sqrt (window)) / bessel (BETA)
    found[m] = kaiser * math.sin (math.pi * at) / (math.pi * at)
  end
  return found
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

-- What a line holds the delay ago, for n samples from the present one on.
local function read (line, n)
  local sum = shared:to_float (4 * size)
  ARDOUR.DSP.memset (sum, 0, n)
  for m, tap in pairs (taps) do
    local at = (place - whole - m) % size
    ARDOUR.DSP.mix_buffers_with_gain (sum, shared:to_float (line + at), n, tap)
  end
  return sum:get_table (n)
end

local function write (line, values, n)
  shared:to_float (line + place):set_table (values, n)
  shared:to_float (line + size + place):set_table (values, n)
end

-- At most as many samples as are left of the ring, and fewer than the shortest delay has.
local function pass (left, right, n)
  local own, mean = 1 - ping_pong, ping_pong / 2
  local y, z = read (0, n), read (2 * size, n)
  local first, second = {}, {}
  for i = 1, n do
    local a, b = left[i], right[i]
    local to_first, to_second = own * y[i] + ping_pong * z[i], ping_pong * y[i] + own * z[i]
    local u = b0 * to_first + b1 * low[1] + pole * low[3]
    local v = b0 * to_second + b1 * low[2] + pole * low[4]
    low[1], low[2], low[3], low[4] = to_first, to_second, u, v
    first[i] = (1 - mean) * a + mean * b + feedback * u
    second[i] = own * b + feedback * v
    left[i] = a + weight * (y[i] - a)
    right[i] = b + weight * (z[i] - b)
  end
  write (0, first, n)
  write (2 * size, second, n)
  place = (place + n) % size
end

function process (left, right, n)
  local done = 0
  while done < n do
    local count = math.min (n - done, size - place, whole - HALF)
    local a, b = table.move (left, done + 1, done + count, 1, {}), {}
    table.move (right, done + 1, done + count, 1, b)
    pass (a, b, count)
    table.move (a, 1, count, done + 1, left)
    table.move (b, 1, count, done + 1, right)
    done = done + count
  end
end
