# A flow whose channels are mixed by a square matrix, behind a scale and a shift
# Kingma and Dhariwal (2018), Glow
X: 3 x m
s, b: 3 x 1
W: 3 x 3
Z = W @ (exp(s) * X + b)
loss = mean(sum(Z**2, axis=0)) / 2 - sum(s) - logdet(W)
