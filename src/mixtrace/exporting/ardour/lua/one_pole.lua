-- A gain from one smoothed mean square over both channels, by a curve with a quadratic knee.

local energy = 0
local pole, threshold, half, slope, weight

function prepare (k)
  pole = math.exp (-1000 / (k.rate * k.time_ms))
  threshold, half, weight = k.threshold_db / LEVEL_DB, k.knee_db / (2 * LEVEL_DB), k.wet
  slope = 0.5 * k.slope
end

function process (left, right, n)
  for i = 1, n do
    local a, b = left[i], right[i]
    energy = pole * energy + (1 - pole) * (a * a + b * b) * 0.5
    local x = DIRECTION * (math.log (energy + 1e-5) - threshold)
    local bend = math.min (math.max (x + half, 0), 2 * half)
    local curve = bend * bend / (4 * half) + math.max (x - half, 0)
    local gain = 1 - weight + weight * math.exp (slope * curve)
    left[i], right[i] = a * gain, b * gain
  end
end
