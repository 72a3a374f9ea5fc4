# Regression with the Huber loss
# Huber (1964), Robust estimation of a location parameter
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
loss = huber(w @ X + b, Y, 0.8)
