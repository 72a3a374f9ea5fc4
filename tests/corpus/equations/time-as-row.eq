# A row times a column, as NumPy does
t: 1 x m input
Y: 1 x m
w, b: 4 x 1
v: 1 x 4
loss = mse(v @ tanh(w * t + b), Y)
