# Features that are scaled and shifted by what a condition says
# Perez, Strub, de Vries, Dumoulin and Courville (2018), FiLM
X: 4 x m
C: 3 x m input
Y: 2 x m
W: 5 x 4
G, B: 5 x 3
V: 2 x 5
F = relu((G @ C) * (W @ X) + B @ C)
loss = -sum(Y * log_softmax(V @ F)) / m
