# A hinge written with max
X: 3 x m
Y: 1 x m
w: 1 x 3
s = w @ X
loss = sum(max(0, 1 - Y * s)) / m
