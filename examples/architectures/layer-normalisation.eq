# Layer normalisation, written out
# Ba, Kiros and Hinton (2016), Layer normalization
X: 3 x m
Y: 2 x m
W: 5 x 3
g, b: 5 x 1
V: 2 x 5
Z = W @ X
N = (Z - mean(Z, axis=0)) / std(Z, axis=0)
loss = mse(V @ tanh(g * N + b), Y)
