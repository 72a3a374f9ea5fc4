# Weights as a length times a direction
# Salimans and Kingma (2016), Weight normalization
X: 3 x m
Y: 2 x m
V: 5 x 3
g, b: 5 x 1
U: 2 x 5
W = g / norm(V, axis=1) * V
P = softmax(U @ relu(W @ X + b))
loss = cross_entropy(P, Y)
